package dev.palimpsest.esd;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.TreeMap;

/** Erasures of noise, for tests that look at files and stacking only. */
final class Erasures {
  private Erasures() {}

  /** Replaces the U-Net's tensors whose names end so by noise. */
  static Erasure noise(Checkpoint checkpoint, String ending, long seed) {
    Weights weights = checkpoint.weights("unet");
    var noise = NoiseSource.torch(seed);
    var tensors = new TreeMap<String, Tensor>();
    for (String name : weights.names()) {
      if (name.endsWith(ending)) {
        tensors.put(name, noise.gaussian(weights.shape(name)));
      }
    }
    return Erasure.of(
        ErasureRecord.of(checkpoint, "ESD_X", List.of("van gogh, \"starry\"\nnight"))
            .preserving(List.of("a cat"))
            .with("seed", seed),
        tensors);
  }
}
