package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.combine;

import org.jspecify.annotations.Nullable;

/**
 * Denoising diffusion probabilistic models (Ho et al. 2020, formulas 6, 7 and 15; Nichol and
 * Dhariwal 2021 for learned variances; diffusers' scheduling_ddpm.py).
 */
public final class Ddpm implements Scheduler {
  private final @Nullable VarianceType varianceType;

  Ddpm() {
    this(null);
  }

  private Ddpm(@Nullable VarianceType varianceType) {
    this.varianceType = varianceType;
  }

  /**
   * The variance of each step; where this is not called, as the checkpoint's configuration says.
   */
  public Ddpm variance(VarianceType type) {
    return new Ddpm(type);
  }

  /** The variance that a run of this plan has. */
  public VarianceType varianceType(SchedulePlan plan) {
    return varianceType != null
        ? varianceType
        : plan.settings().choice("variance_type", VarianceType.FIXED_SMALL);
  }

  @Override
  public String name() {
    return "ddpm";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    VarianceType type = varianceType(plan);
    checkArgument(
        !type.isLearned() || plan.learnedVariance(),
        "variance %s needs a network that predicts its variance",
        type);
    return new Run(plan, NoiseLevels.of(plan, TimestepSpacing.LEADING), type);
  }

  private static final class Run extends SolverRun {
    private final VarianceType varianceType;
    private final Clipping clipping = plan.clippingOr(true);

    Run(SchedulePlan plan, NoiseLevels levels, VarianceType varianceType) {
      super(plan, levels);
      this.varianceType = varianceType;
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      int t = (int) levels.timestep(k);
      float alphaBar = plan.noiseSchedule().alphaCumprod(t);
      float alphaBarPrev =
          k + 1 < levels.evaluations()
              ? plan.noiseSchedule().alphaCumprod((int) levels.timestep(k + 1))
              : 1;
      float alpha = alphaBar / alphaBarPrev;
      float beta = 1 - alpha;
      Prediction p = at.predict(k, x, clipping);
      float[] mean =
          combine(
              (float) Math.sqrt(alphaBarPrev) * beta / (1 - alphaBar),
              p.denoised(),
              (float) Math.sqrt(alpha) * (1 - alphaBarPrev) / (1 - alphaBar),
              x);
      if (t > 0) {
        float[] z = at.gaussian();
        float posterior = Math.max((1 - alphaBarPrev) / (1 - alphaBar) * beta, 1e-20f);
        varianceType.addNoise(mean, z, beta, posterior, p.variance());
      }
      return mean;
    }
  }
}
