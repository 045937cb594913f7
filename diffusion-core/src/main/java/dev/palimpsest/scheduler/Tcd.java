package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.combine;

/**
 * Strategic stochastic sampling of trajectory consistency models (Zheng et al. 2024, arXiv
 * 2402.19159, algorithm 4; diffusers' scheduling_tcd.py): each step jumps along the trajectory to
 * below the next timestep and noises back up to it.
 *
 * <p>Its timesteps are a part of those of the distillation; the configured spacing and clipping are
 * not used. As in diffusers the last step ends at timestep 0, which holds a little noise.
 */
public final class Tcd implements Scheduler {
  private final double gamma;
  private final int originalSteps;
  private final double originalStrength;

  Tcd(Settings settings) {
    this(0.3, settings.integer("original_inference_steps", 50), 1);
  }

  private Tcd(double gamma, int originalSteps, double originalStrength) {
    checkArgument(originalSteps > 0, "the original steps must be positive, were %s", originalSteps);
    this.gamma = gamma;
    this.originalSteps = originalSteps;
    this.originalStrength = originalStrength;
  }

  /** The paper's gamma: 0 is deterministic, 1 noises from the clean sample; 0.3 by default. */
  public Tcd eta(double eta) {
    checkArgument(0 <= eta && eta <= 1, "eta must be in 0..1, was %s", eta);
    return new Tcd(eta, originalSteps, originalStrength);
  }

  /** The number of timesteps of the distillation. */
  public Tcd originalSteps(int steps) {
    return new Tcd(gamma, steps, originalStrength);
  }

  /**
   * The part of the distillation's timesteps, from the clean end, that all steps are taken from.
   * Unlike {@link SchedulePlan#strength} it keeps their number.
   */
  public Tcd originalStrength(double strength) {
    checkArgument(0 < strength && strength <= 1, "strength must be in (0, 1], was %s", strength);
    return new Tcd(gamma, originalSteps, strength);
  }

  @Override
  public String name() {
    return "tcd";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    double[] timesteps = DistilledTimesteps.of(plan, name(), originalSteps, originalStrength);
    return new Run(plan, NoiseLevels.of(plan.noiseSchedule(), timesteps));
  }

  private final class Run extends SolverRun {
    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      boolean last = k + 1 == levels.evaluations();
      int next = last ? 0 : (int) levels.timestep(k + 1);
      float alphaS = plan.noiseSchedule().alphaCumprod((int) Math.floor((1 - gamma) * next));
      Prediction p = at.predict(k, x);
      float[] xs = combine(root(alphaS), p.denoised(), root(1 - alphaS), p.epsilon());
      if (gamma == 0 || last) {
        return xs;
      }
      float kept = plan.noiseSchedule().alphaCumprod(next) / alphaS;
      Linear.mix(root(kept), xs, root(1 - kept), at.gaussian());
      return xs;
    }

    private static float root(float value) {
      return (float) Math.sqrt(value);
    }
  }
}
