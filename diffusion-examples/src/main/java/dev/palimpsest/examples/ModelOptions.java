package dev.palimpsest.examples;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model to run, and how it is opened. */
final class ModelOptions {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "A checkpoint in diffusers layout; default the starter model inside this jar.")
  private @Nullable Path model;

  @Option(
      names = "--scheduler",
      paramLabel = "NAME",
      description = "Another scheduler than the checkpoint's, such as euler.")
  private @Nullable String scheduler;

  @Option(
      names = "--without-safety-checker",
      description = "Open a checkpoint that declares a safety checker, without one.")
  private boolean withoutSafetyChecker;

  boolean isStarter() {
    return model == null;
  }

  OpenModel open(Device device) throws IOException {
    if (model != null) {
      return new OpenModel(pipeline(Checkpoint.read(model), device), null);
    }
    StarterModel starter = StarterModel.open();
    try {
      return new OpenModel(pipeline(starter.checkpoint(), device), starter);
    } catch (IOException | RuntimeException e) {
      starter.close();
      throw e;
    }
  }

  private DiffusionPipeline pipeline(Checkpoint checkpoint, Device device) throws IOException {
    if (checkpoint.declaresSafetyChecker() && !withoutSafetyChecker) {
      throw new IllegalArgumentException(
          "the checkpoint declares a safety checker, which is not run here;"
              + " --without-safety-checker says that this is all right");
    }
    DiffusionPipeline.Builder builder = DiffusionPipeline.builder(checkpoint).device(device);
    if (scheduler != null) {
      builder.scheduler(scheduler);
    }
    return (withoutSafetyChecker ? builder.withoutSafetyChecker() : builder).open();
  }

  /** A pipeline and the starter's files, if it runs on them. */
  record OpenModel(DiffusionPipeline pipeline, @Nullable StarterModel starter)
      implements AutoCloseable {
    @Override
    public void close() {
      pipeline.close();
      if (starter != null) {
        starter.close();
      }
    }
  }
}
