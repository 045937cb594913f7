package dev.palimpsest.examples;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.TextualInversion;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.CheckpointOptions.OpenCheckpoint;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model to run, and how it is opened. */
final class ModelOptions {
  @Mixin private CheckpointOptions checkpoint = new CheckpointOptions();

  @Option(
      names = "--lora",
      paramLabel = "FILE[@STRENGTH]",
      converter = LayerFile.Converter.class,
      description = "Run this LoRA beside the model, at a strength, default 1; may be repeated.")
  private List<LayerFile> loras = new ArrayList<>();

  @Option(
      names = "--embedding",
      paramLabel = "[WORD=]FILE",
      description =
          "Let prompts use the word of this textual inversion (safetensors), or WORD in its place;"
              + " may be repeated.")
  private List<String> embeddings = new ArrayList<>();

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

  OpenModel open(Device device) throws IOException {
    OpenCheckpoint opened = checkpoint.open();
    try {
      return new OpenModel(pipeline(opened.checkpoint(), device), opened);
    } catch (IOException | RuntimeException e) {
      opened.close();
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
    for (LayerFile lora : loras) {
      builder.adapter(lora.lora(), lora.strength());
    }
    for (String embedding : embeddings) {
      builder.adapter(embedding(embedding));
    }
    if (scheduler != null) {
      builder.scheduler(scheduler);
    }
    return (withoutSafetyChecker ? builder.withoutSafetyChecker() : builder).open();
  }

  private static TextualInversion embedding(String text) throws IOException {
    int equals = text.indexOf('=');
    TextualInversion read = TextualInversion.read(Path.of(text.substring(equals + 1)));
    return equals < 0 ? read : read.named(text.substring(0, equals));
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
