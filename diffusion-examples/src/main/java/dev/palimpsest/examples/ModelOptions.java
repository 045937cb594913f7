package dev.palimpsest.examples;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.CheckpointOptions.OpenCheckpoint;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model to run, and how it is opened. */
final class ModelOptions {
  @Mixin private CheckpointOptions checkpoint = new CheckpointOptions();

  @Mixin private AdapterOptions adapters = new AdapterOptions();

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
    return checkpoint.isStarter();
  }

  AdapterOptions adapters() {
    return adapters;
  }

  OpenModel open(Device device) throws IOException {
    return open(device, builder -> {});
  }

  /** With more settings of the pipeline. */
  OpenModel open(Device device, Consumer<DiffusionPipeline.Builder> settings) throws IOException {
    OpenCheckpoint opened = checkpoint.open();
    try {
      return new OpenModel(pipeline(opened.checkpoint(), device, settings), opened);
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private DiffusionPipeline pipeline(
      Checkpoint checkpoint, Device device, Consumer<DiffusionPipeline.Builder> settings)
      throws IOException {
    if (checkpoint.declaresSafetyChecker() && !withoutSafetyChecker) {
      throw new IllegalArgumentException(
          "the checkpoint declares a safety checker, which is not run here;"
              + " --without-safety-checker says that this is all right");
    }
    DiffusionPipeline.Builder builder = DiffusionPipeline.builder(checkpoint).device(device);
    settings.accept(builder);
    adapters.addTo(builder);
    if (scheduler != null) {
      builder.scheduler(scheduler);
    }
    return (withoutSafetyChecker ? builder.withoutSafetyChecker() : builder).open();
  }

  /** A pipeline and what it runs on. */
  record OpenModel(DiffusionPipeline pipeline, OpenCheckpoint opened) implements AutoCloseable {
    @Override
    public void close() {
      pipeline.close();
      opened.close();
    }
  }
}
