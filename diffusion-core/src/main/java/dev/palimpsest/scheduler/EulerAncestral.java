package dev.palimpsest.scheduler;

import static dev.palimpsest.scheduler.Linear.along;

/**
 * Euler's method with ancestral noise: a step below the next sigma and noise back up to it
 * (k-diffusion's sample_euler_ancestral; diffusers' scheduling_euler_ancestral_discrete.py). It
 * draws at every step, the last one included, where the noise has no weight.
 */
public final class EulerAncestral implements Scheduler {
  EulerAncestral() {}

  @Override
  public String name() {
    return "euler_ancestral";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, NoiseLevels.exploding(plan, SigmaSpacing.TIMESTEPS, FinalSigma.ZERO));
  }

  /** The standard deviation of the noise after a step. */
  static float up(float from, float to) {
    return (float) Math.sqrt(to * to * (from * from - to * to) / (from * from));
  }

  /** The sigma that a step goes to before its noise. */
  static float down(float from, float to) {
    return to * to / from;
  }

  private static final class Run extends SolverRun {
    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float from = levels.sigma(k);
      float to = levels.sigma(k + 1);
      Prediction p = at.predict(k, x);
      float[] lower = along(x, down(from, to) - from, x, p.denoised(), from);
      Linear.add(lower, up(from, to), at.gaussian());
      return lower;
    }
  }
}
