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
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "A checkpoint in diffusers layout; default the starter model inside this jar.")
  private @Nullable Path model;

  @Option(
      names = "--layer",
      paramLabel = "FILE[@STRENGTH]",
      converter = LayerFile.Converter.class,
      description = "Lay this erasure on it, at a strength from 0 to 1; may be repeated.")
  private List<LayerFile> layers = new ArrayList<>();

  @Option(
      names = "--force-layers",
      description = "Lay them on a checkpoint too that they were not made on.")
  private boolean force;

  boolean isStarter() {
    return model == null;
  }

  OpenCheckpoint open() throws IOException {
    if (model != null) {
      return new OpenCheckpoint(layered(Checkpoint.read(model)), null);
    }
    StarterModel starter = StarterModel.open();
    try {
      return new OpenCheckpoint(layered(starter.checkpoint()), starter);
    } catch (IOException | RuntimeException e) {
      starter.close();
      throw e;
    }
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
