package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.combine;

/**
 * DDIM run backwards, from a clean sample to the noise that leads to it (Dhariwal and Nichol 2021,
 * appendix F; Song et al. 2021, equation 13; diffusers' scheduling_ddim_inverse.py).
 *
 * <p>Its timesteps rise. A step takes the state from the timestep before the network's to the
 * network's own.
 */
public final class DdimInverse implements Scheduler {
  DdimInverse() {}

  @Override
  public String name() {
    return "ddim_inverse";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    checkArgument(
        plan.timesteps() == null && plan.sigmas() == null,
        "ddim_inverse takes a number of steps, not timesteps or sigmas");
    checkArgument(
        plan.spacingOr(TimestepSpacing.LEADING) != TimestepSpacing.LINSPACE,
        "ddim_inverse takes leading or trailing timesteps, not linspace");
    double[] timesteps = Timesteps.reversed(Timesteps.discrete(plan, TimestepSpacing.LEADING));
    return new Run(plan, levels(plan, timesteps));
  }

  /** Each evaluation stands at the level of one interval before its timestep. */
  private static NoiseLevels levels(SchedulePlan plan, double[] timesteps) {
    NoiseSchedule schedule = plan.noiseSchedule();
    int n = timesteps.length;
    float[] alphas = new float[n + 1];
    float[] sigmas = new float[n + 1];
    for (int k = 0; k <= n; k++) {
      int t = (int) timesteps[Math.min(k, n - 1)];
      int from = k == n ? t : t - schedule.timesteps() / plan.steps();
      float alphaBar = from >= 0 ? schedule.alphaCumprod(from) : plan.finalAlphaCumprod(true);
      alphas[k] = (float) Math.sqrt(alphaBar);
      sigmas[k] = (float) Math.sqrt(1 - alphaBar);
    }
    return NoiseLevels.of(timesteps, alphas, sigmas);
  }

  private static final class Run extends SolverRun {
    private final Clipping clipping = plan.clipSample(true);

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      Prediction p = at.predict(k, x, clipping);
      float alphaBar = plan.noiseSchedule().alphaCumprod((int) levels.timestep(k));
      return combine(
          (float) Math.sqrt(alphaBar), p.denoised(), (float) Math.sqrt(1 - alphaBar), p.epsilon());
    }
  }
}
