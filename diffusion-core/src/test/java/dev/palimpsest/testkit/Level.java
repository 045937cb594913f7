package dev.palimpsest.testkit;

import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/**
 * How much of the clean sample and of the noise a state holds: x = alpha x0 + sigma epsilon.
 *
 * @param alpha the factor of the clean sample
 * @param sigma the standard deviation of the noise
 */
public record Level(double alpha, double sigma) {
  private static final Shape ONE = Shape.of(1, 1);

  /** The level at the start of step {@code i} of a run, as its {@code addNoise} has it. */
  static Level of(SchedulerRun run, int i) {
    Tensor zero = Tensor.zeros(ONE);
    Tensor one = Tensor.of(ONE, 1f);
    return new Level(
        run.addNoise(one, zero, i).floats()[0], run.addNoise(zero, one, i).floats()[0]);
  }

  /** Noise relative to the sample, which no scaling of the state changes. */
  double ratio() {
    return sigma / alpha;
  }
}
