package dev.palimpsest.scheduler;

import static dev.palimpsest.scheduler.Linear.combine;
import static dev.palimpsest.scheduler.Linear.derivative;

/**
 * The midpoint method with the midpoint in log(sigma), deterministic (Karras et al. 2022, algorithm
 * 2 in the variant of k-diffusion's sample_dpm_2; DPM-Solver-2 of Lu et al. 2022) or with ancestral
 * noise (sample_dpm_2_ancestral); diffusers' scheduling_k_dpm_2_discrete.py and
 * scheduling_k_dpm_2_ancestral_discrete.py. Two evaluations a step, one in the last, which goes to
 * sigma 0 without noise.
 *
 * <p>Departure, as in diffusers: noise added at a timestep between two levels is that of the lower.
 * The ancestral variant's timesteps are exact here; diffusers' are off by up to 0.01, by
 * cancellation in float32.
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

  private final class Run extends SolverRun {
    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    public int steps() {
      return (evaluations() + 1) / 2;
    }

    @Override
    protected int firstEvaluation(int i) {
      return 2 * (plan.startStep() + i);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float from = levels.sigma(k);
      float to = levels.sigma(k + 2);
      float[] d = derivative(x, at.predict(k, x).denoised(), from);
      if (to == 0) {
        return combine(1, x, -from, d);
      }
      float middle = levels.sigma(k + 1);
      float[] half = combine(1, x, middle - from, d);
      float[] d2 = derivative(half, at.predict(k + 1, half).denoised(), middle);
      if (!ancestral) {
        return combine(1, x, to - from, d2);
      }
      float down = EulerAncestral.down(from, to);
      return combine(1, x, down - from, d2, EulerAncestral.up(from, to), at.gaussian());
    }
  }
}
