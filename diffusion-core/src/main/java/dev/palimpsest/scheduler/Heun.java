package dev.palimpsest.scheduler;

import static dev.palimpsest.scheduler.Linear.combine;
import static dev.palimpsest.scheduler.Linear.derivative;

/**
 * Heun's second-order method without churn (Karras et al. 2022, algorithm 1; diffusers'
 * scheduling_heun_discrete.py). Two evaluations a step, one in the last, which goes to sigma 0.
 */
public final class Heun implements Scheduler {
  private final SigmaSpacing spacing;

  Heun() {
    this(SigmaSpacing.TIMESTEPS);
  }

  static Heun of(Settings settings) {
    return new Heun(SigmaSpacing.of(settings));
  }

  private Heun(SigmaSpacing spacing) {
    this.spacing = spacing;
  }

  public Heun sigmas(SigmaSpacing spacing) {
    return new Heun(spacing);
  }

  public Heun karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  @Override
  public String name() {
    return "heun";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, NoiseLevels.explodingTwice(plan, spacing));
  }

  private static final class Run extends TwoStageRun {
    private final Clipping clipping = plan.clipSample(false);

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float sigma = levels.sigma(k);
      float next = levels.sigma(k + 1);
      float dt = next - sigma;
      float[] d = derivative(x, at.predict(k, x, clipping).denoised(), sigma);
      float[] euler = combine(1, x, dt, d);
      if (k + 1 == levels.evaluations()) {
        return euler;
      }
      float[] dNext = derivative(euler, at.predict(k + 1, euler, clipping).denoised(), next);
      Linear.add(dNext, 1, d);
      Linear.mix(dt / 2, dNext, 1, x);
      return dNext;
    }
  }
}
