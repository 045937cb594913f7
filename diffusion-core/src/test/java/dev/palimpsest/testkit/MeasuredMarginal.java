package dev.palimpsest.testkit;

import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Locale;

/**
 * How far the mean and the variance of a stochastic solver's samples are from those of {@link
 * GaussianData}, at the start of its last step.
 *
 * <p>32768 independent elements make 97 steps (96 where the solver spaces timesteps itself), with
 * fixed seeds. Chance explains a deviation of {@link #Z} standard errors at most: one of the two
 * would exceed that with a right solver and another seed once in a million times.
 *
 * @param mean the deviation of the mean, in standard deviations of the state
 * @param variance the deviation of the variance, as a share of it
 */
public record MeasuredMarginal(double mean, double variance) {
  /** P(|N(0, 1)| > Z) = 5e-7. */
  static final double Z = 5.03;

  private static final GaussianData DATA = new GaussianData(0.4, 0.7);
  private static final Shape SHAPE = Shape.of(2, 4, 64, 64);
  private static final int INTERVALS = 96;

  public static MeasuredMarginal of(Scheduler scheduler, SchedulerTraits traits) {
    SchedulePlan plan = MeasuringPlans.of(traits, INTERVALS);
    InputLevels levels = traits.levels(plan.noiseSchedule());
    var network =
        traits.isConsistency()
            ? DATA.consistencyModel(plan.predictionType(), levels)
            : DATA.network(plan.predictionType(), levels);
    SchedulerRun run = scheduler.begin(plan);
    int last = run.steps() - 1;
    NoiseSource noise = NoiseSource.torch(7);
    Tensor x = MeasuringPlans.start(DATA, run, SHAPE);
    for (int i = 0; i < last; i++) {
      x = run.step(i, x, network, noise).x();
    }
    return of(x.floats(), Level.of(run, last));
  }

  private static MeasuredMarginal of(float[] samples, Level level) {
    double mean = 0;
    for (float sample : samples) {
      mean += sample;
    }
    mean /= samples.length;
    double variance = 0;
    for (float sample : samples) {
      variance += (sample - mean) * (sample - mean);
    }
    variance /= samples.length - 1;
    double expected = DATA.variance(level);
    double offMean = (mean - level.alpha() * DATA.mean()) / Math.sqrt(expected);
    return new MeasuredMarginal(offMean, variance / expected - 1);
  }

  /** The most that chance and the solver's own bias explain of the mean. */
  static double boundOfMean(double bias) {
    return bias + Z * Math.sqrt(1.0 / SHAPE.elements());
  }

  /** The same of the variance. */
  static double boundOfVariance(double bias) {
    return bias + Z * Math.sqrt(2.0 / SHAPE.elements());
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "mean off by %.4f standard deviations, variance by %.2f %%",
        mean,
        100 * variance);
  }
}
