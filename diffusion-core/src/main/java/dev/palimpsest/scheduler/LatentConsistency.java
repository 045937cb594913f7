package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.combine;

/**
 * Multistep sampling of latent consistency models (Luo et al. 2023, algorithm 3; diffusers'
 * scheduling_lcm.py): each step jumps to the clean sample and noises it again, the last one does
 * not. Its timesteps are a part of those of the distillation; the configured spacing is not used.
 */
public final class LatentConsistency implements Scheduler {
  private static final float SIGMA_DATA = 0.5f;

  private final int originalSteps;
  private final double originalStrength;
  private final double timestepScaling;

  LatentConsistency() {
    this(50, 1, 10);
  }

  static LatentConsistency of(Settings settings) {
    return new LatentConsistency()
        .originalSteps(settings.integer("original_inference_steps", 50))
        .timestepScaling(settings.number("timestep_scaling", 10));
  }

  private LatentConsistency(int originalSteps, double originalStrength, double timestepScaling) {
    this.originalSteps = originalSteps;
    this.originalStrength = originalStrength;
    this.timestepScaling = timestepScaling;
  }

  /** The number of timesteps of the distillation. */
  public LatentConsistency originalSteps(int steps) {
    checkArgument(steps > 0, "the original steps must be positive, were %s", steps);
    return new LatentConsistency(steps, originalStrength, timestepScaling);
  }

  /**
   * The part of the distillation's timesteps, from the clean end, that all steps are taken from.
   * Unlike {@link SchedulePlan#strength} it keeps their number.
   */
  public LatentConsistency originalStrength(double strength) {
    checkArgument(0 < strength && strength <= 1, "strength must be in (0, 1], was %s", strength);
    return new LatentConsistency(originalSteps, strength, timestepScaling);
  }

  /** The factor on timesteps in the boundary condition. */
  public LatentConsistency timestepScaling(double scaling) {
    return new LatentConsistency(originalSteps, originalStrength, scaling);
  }

  @Override
  public String name() {
    return "lcm";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    double[] timesteps = DistilledTimesteps.of(plan, name(), originalSteps, originalStrength);
    return new Run(plan, NoiseLevels.of(plan.noiseSchedule(), timesteps));
  }

  private final class Run extends SolverRun {
    private final Clipping clipping = plan.clippingOr(false);

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      Prediction p = at.predict(k, x, clipping);
      float s = (float) (levels.timestep(k) * timestepScaling);
      float variance = s * s + SIGMA_DATA * SIGMA_DATA;
      float skip = SIGMA_DATA * SIGMA_DATA / variance;
      float out = s / (float) Math.sqrt(variance);
      float[] denoised = p.denoised();
      Linear.mix(out, denoised, skip, x); // nobody but this run has seen the estimate yet
      if (k + 1 == levels.evaluations()) {
        return denoised.clone();
      }
      return combine(levels.alpha(k + 1), denoised, levels.sigma(k + 1), at.gaussian());
    }
  }
}
