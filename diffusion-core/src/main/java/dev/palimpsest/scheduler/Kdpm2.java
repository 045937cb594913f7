package dev.palimpsest.scheduler;

import static dev.palimpsest.scheduler.Linear.along;

/**
 * The midpoint method with the midpoint in log(sigma), deterministic (Karras et al. 2022, algorithm
 * 2 in the variant of k-diffusion's sample_dpm_2; DPM-Solver-2 of Lu et al. 2022) or with ancestral
 * noise (sample_dpm_2_ancestral); diffusers' scheduling_k_dpm_2_discrete.py and
 * scheduling_k_dpm_2_ancestral_discrete.py. Two evaluations a step, one in the last, which goes to
 * sigma 0 without noise.
 *
 * <p>Departure, as in diffusers: noise added at a timestep between two levels is that of the lower.
 * The ancestral variant's timesteps between two levels are up to 0.01 off, by cancellation in
 * float32, as diffusers' are.
 */
public final class Kdpm2 implements Scheduler {
  private final boolean ancestral;
  private final SigmaSpacing spacing;

  Kdpm2(boolean ancestral, Settings settings) {
    this(ancestral, SigmaSpacing.of(settings));
  }

  private Kdpm2(boolean ancestral, SigmaSpacing spacing) {
    this.ancestral = ancestral;
    this.spacing = spacing;
  }

  public Kdpm2 sigmas(SigmaSpacing spacing) {
    return new Kdpm2(ancestral, spacing);
  }

  public Kdpm2 karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  @Override
  public String name() {
    return ancestral ? "kdpm2_ancestral" : "kdpm2";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    SigmaGrid grid = SigmaGrid.of(plan, spacing, FinalSigma.ZERO);
    return new Run(plan, grid.withMidpoints(plan, spacing, ancestral));
  }

  private final class Run extends TwoStageRun {
    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float from = levels.sigma(k);
      float to = levels.sigma(k + 2);
      float[] x0 = at.predict(k, x).denoised();
      if (to == 0) {
        return along(x, -from, x, x0, from);
      }
      float middle = levels.sigma(k + 1);
      float[] half = along(x, middle - from, x, x0, from);
      float[] x0Half = at.predict(k + 1, half).denoised();
      if (!ancestral) {
        return along(x, to - from, half, x0Half, middle);
      }
      float[] lower = along(x, EulerAncestral.down(from, to) - from, half, x0Half, middle);
      Linear.add(lower, EulerAncestral.up(from, to), at.gaussian());
      return lower;
    }
  }
}
