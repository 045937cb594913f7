package dev.palimpsest.examples;

import dev.palimpsest.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which checkpoint, under which layers. */
final class CheckpointOptions {
  static final String TOKENIZERS =
      "For a checkpoint in one file: the folder with its tokenizers, such as a diffusers folder of the"
          + " same family; default the file's own folder, or CLIP's vocabulary.";

  @Option(
      names = "--model",
      paramLabel = "PATH",
      description =
          "A checkpoint: a diffusers folder or one .safetensors file; default the starter model inside"
              + " this jar.")
  private @Nullable Path model;

  @Option(names = "--tokenizers", paramLabel = "DIR", description = TOKENIZERS)
  private @Nullable Path tokenizers;

  @Option(
      names = "--layer",
      paramLabel = "FILE[@STRENGTH]",
      converter = LayerFile.Converter.class,
      description = "Lay this erasure or merge this LoRA, at a strength; may be repeated.")
  private List<LayerFile> layers = new ArrayList<>();

  @Option(
      names = "--force-layers",
      description = "Lay erasures on a checkpoint too that they were not made on.")
  private boolean force;

  boolean isStarter() {
    return model == null;
  }

  OpenCheckpoint open() throws IOException {
    if (model != null) {
      return new OpenCheckpoint(layered(read(model, tokenizers)), null);
    }
    StarterModel starter = StarterModel.open();
    try {
      return new OpenCheckpoint(layered(starter.checkpoint()), starter);
    } catch (IOException | RuntimeException e) {
      starter.close();
      throw e;
    }
  }

  static Checkpoint read(Path model, @Nullable Path tokenizers) throws IOException {
    return tokenizers == null
        ? Checkpoint.read(model)
        : Checkpoint.readSingleFile(model, tokenizers);
  }

  private Checkpoint layered(Checkpoint base) throws IOException {
    Checkpoint checkpoint = base;
    for (LayerFile layer : layers) {
      checkpoint = checkpoint.with(layer.read(force));
    }
    return checkpoint;
  }

  /** A checkpoint and the starter's files, if it is that. */
  record OpenCheckpoint(Checkpoint checkpoint, @Nullable StarterModel starter)
      implements AutoCloseable {
    @Override
    public void close() {
      if (starter != null) {
        starter.close();
      }
    }
  }
}
