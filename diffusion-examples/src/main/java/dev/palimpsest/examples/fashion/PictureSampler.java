package dev.palimpsest.examples.fashion;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Generates pictures of every class, class by class. */
final class PictureSampler {
  private static final int AT_ONCE = 50;

  private final int perClass;
  private final int steps;
  private final long seed;

  /**
   * @param steps of the ancestral sampler, of the {@value FashionUNet#TIMESTEPS} trained ones
   * @param seed of the first picture; the others count up
   */
  PictureSampler(int perClass, int steps, long seed) {
    this.perClass = perClass;
    this.steps = steps;
    this.seed = seed;
  }

  /** Told of each step of a batch of pictures. */
  interface Listener {
    void onStep();
  }

  /** How often the listener is told. */
  int solverSteps() {
    return FashionMnist.CLASSES.size() * ((perClass + AT_ONCE - 1) / AT_ONCE) * steps;
  }

  /**
   * The pictures as they would be saved, at 256 levels: float32 [pictures, 1, side, side] in [-1,
   * 1].
   */
  Tensor generate(
      Checkpoint checkpoint, Device device, Listener listener, Cancellation cancellation)
      throws IOException {
    List<Tensor> pictures = new ArrayList<>();
    try (var pipeline = DiffusionPipeline.builder(checkpoint).device(device).open()) {
      for (int label = 0; label < FashionMnist.CLASSES.size(); label++) {
        for (int from = 0; from < perClass; from += AT_ONCE) {
          var request =
              GenerationRequest.ofClass(label)
                  .steps(steps)
                  .images(Math.min(AT_ONCE, perClass - from))
                  .seed(seed + (long) label * perClass + from);
          var result = pipeline.generate(request, step -> listener.onStep(), cancellation);
          for (GeneratedImage image : result.images()) {
            pictures.add(levels(image.pixels()));
          }
        }
      }
    }
    return Tensor.concat(pictures);
  }

  /** From 0..1 to the values of 256 levels in [-1, 1]. */
  private static Tensor levels(Tensor unit) {
    float[] values = unit.floats().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.rint(values[i] * 255) / 127.5f - 1;
    }
    return Tensor.of(unit.shape(), values);
  }
}
