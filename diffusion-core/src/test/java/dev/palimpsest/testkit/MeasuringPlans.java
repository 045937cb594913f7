package dev.palimpsest.testkit;

import dev.palimpsest.scheduler.Clipping;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;

/**
 * The plans that order and samples are measured with: a long noise schedule that is even in
 * log(sigma / alpha), from 0.1 to 20, with whole timesteps, so that a solver and the ideal network
 * mean the same level and nothing but the solver's error is left.
 */
final class MeasuringPlans {
  /** Each twice the one before; multiples of 2 and 3 for solvers with two or three evaluations. */
  static final List<Integer> INTERVALS = List.of(12, 24, 48, 96, 192);

  private static final int LONGEST = 7680;
  private static final double LEAST = 0.1;
  private static final double MOST = 20;

  /** With one more timestep than intervals at most. */
  private static final NoiseSchedule EXPLICIT = even(LONGEST + 1, LEAST);

  /** For consistency models, which jump to the first timestep as if it were clean. */
  private static final NoiseSchedule CLEAN = even(LONGEST + 1, 0.002);

  /** Divisible by the numbers of intervals, for solvers that space timesteps themselves. */
  private static final NoiseSchedule COUNTED = even(LONGEST, LEAST);

  private MeasuringPlans() {}

  static SchedulePlan of(SchedulerTraits traits, int intervals) {
    PredictionType type = traits.predictions().get(0);
    SchedulePlan plan =
        traits.isCountsOnly()
            ? SchedulePlan.steps(COUNTED, type, intervals)
            : SchedulePlan.timesteps(
                traits.isConsistency() ? CLEAN : EXPLICIT, type, timesteps(intervals));
    return traits.adapted(plan.clipping(Clipping.NONE));
  }

  /** A state at the start of a run, exactly of the distribution there. */
  static Tensor start(GaussianData data, SchedulerRun run, Shape shape) {
    NoiseSource noise = NoiseSource.torch(42);
    float[] sample = noise.gaussian(shape).floats().clone();
    for (int i = 0; i < sample.length; i++) {
      sample[i] = (float) (data.mean() + data.deviation() * sample[i]);
    }
    return run.addNoise(Tensor.of(shape, sample), noise.gaussian(shape));
  }

  private static double[] timesteps(int intervals) {
    double[] timesteps = new double[intervals + 1];
    for (int i = 0; i <= intervals; i++) {
      timesteps[i] = Math.rint((double) LONGEST * (intervals - i) / intervals);
    }
    return timesteps;
  }

  private static NoiseSchedule even(int timesteps, double least) {
    float[] betas = new float[timesteps];
    double before = 1;
    for (int t = 0; t < timesteps; t++) {
      double ratio = least * Math.pow(MOST / least, t / (timesteps - 1.0));
      double alphaBar = 1 / (1 + ratio * ratio);
      betas[t] = (float) (1 - alphaBar / before);
      before = alphaBar;
    }
    return NoiseSchedule.ofBetas(betas);
  }
}
