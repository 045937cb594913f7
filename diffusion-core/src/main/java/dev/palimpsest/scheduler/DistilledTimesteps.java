package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

/** The timesteps of networks that were distilled on a part of the training timesteps. */
final class DistilledTimesteps {
  private DistilledTimesteps() {}

  /**
   * Those of the plan, or evenly spaced among those of the distillation, from the noisy end.
   *
   * @param originalSteps the number of timesteps of the distillation
   * @param strength the part of them, from the clean end, that all steps are taken from
   */
  static double[] of(SchedulePlan plan, String name, int originalSteps, double strength) {
    if (plan.timesteps() != null || plan.sigmas() != null) {
      return Timesteps.discrete(plan, TimestepSpacing.LEADING);
    }
    int total = plan.noiseSchedule().timesteps();
    checkArgument(
        originalSteps <= total,
        "the original steps must not exceed the %s training timesteps, were %s",
        total,
        originalSteps);
    int ratio = total / originalSteps;
    int origin = (int) (originalSteps * strength);
    int n = plan.steps();
    checkArgument(
        n <= origin,
        "%s makes at most %s steps (original steps x strength), not %s",
        name,
        origin,
        n);
    double[] timesteps = new double[n];
    for (int i = 0; i < n; i++) {
      int index = (int) Math.floor(i * ((double) origin / n));
      timesteps[i] = (double) (origin - index) * ratio - 1;
    }
    return timesteps;
  }
}
