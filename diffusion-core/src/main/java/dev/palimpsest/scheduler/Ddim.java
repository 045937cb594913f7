package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.combine;

/**
 * Denoising diffusion implicit models (Song et al. 2021, formulas 12 and 16; diffusers'
 * scheduling_ddim.py).
 *
 * <p>With explicit timesteps, which diffusers' class does not take, each step leads to the next of
 * them.
 */
public final class Ddim implements Scheduler {
  private final double eta;
  private final boolean useClippedModelOutput;

  Ddim() {
    this(0, false);
  }

  private Ddim(double eta, boolean useClippedModelOutput) {
    this.eta = eta;
    this.useClippedModelOutput = useClippedModelOutput;
  }

  /** With η = 0 the solver is deterministic, with 1 it draws as much noise as DDPM. */
  public Ddim eta(double eta) {
    checkArgument(0 <= eta && eta <= 1, "eta must be in 0..1, was %s", eta);
    return new Ddim(eta, useClippedModelOutput);
  }

  /** Whether the noise prediction is derived again from the clipped estimate. */
  public Ddim useClippedModelOutput(boolean use) {
    return new Ddim(eta, use);
  }

  @Override
  public String name() {
    return "ddim";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, NoiseLevels.of(plan, TimestepSpacing.LEADING));
  }

  private final class Run extends SolverRun {
    private final Clipping clipping = plan.clippingOr(true);
    private final float finalAlpha = plan.finalAlphaCumprod(true);

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float alphaT = plan.noiseSchedule().alphaCumprod((int) levels.timestep(k));
      int previous = previous(k);
      float alphaPrev = previous >= 0 ? plan.noiseSchedule().alphaCumprod(previous) : finalAlpha;
      Prediction p = at.predict(k, x, clipping);
      float[] epsilon = useClippedModelOutput ? p.epsilonOfDenoised() : p.epsilon();
      float variance = (1 - alphaPrev) / (1 - alphaT) * (1 - alphaT / alphaPrev);
      float sigma = (float) eta * (float) Math.sqrt(variance);
      float direction = (float) Math.sqrt(1 - alphaPrev - sigma * sigma);
      float[] mean = combine((float) Math.sqrt(alphaPrev), p.denoised(), direction, epsilon);
      if (eta > 0) {
        Linear.add(mean, sigma, at.gaussian());
      }
      return mean;
    }

    private int previous(int k) {
      if (plan.timesteps() == null) {
        return (int) levels.timestep(k) - plan.noiseSchedule().timesteps() / plan.steps();
      }
      return k + 1 < levels.evaluations() ? (int) levels.timestep(k + 1) : -1;
    }
  }
}
