package dev.palimpsest.training;

import dev.palimpsest.tensor.Tensor;
import java.util.Map;

/**
 * Gives the inputs of a training graph. A batch depends on its arguments alone, so that a resumed
 * run sees what an unbroken one would have.
 */
@FunctionalInterface
public interface BatchSource {
  /**
   * The inputs of the graph beside the weights.
   *
   * @param position batches before this one, from 0
   * @param random all randomness of the batch, decided by the run's seed and the position
   */
  Map<String, Tensor> batch(long position, SeededStream random);
}
