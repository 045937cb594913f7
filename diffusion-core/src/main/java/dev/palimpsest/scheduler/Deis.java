package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Diffusion exponential integrator sampler on the noise, of order 1 to 3, with the polynomial in
 * the logarithm of rho = sigma / alpha (Zhang and Chen 2023, arXiv 2204.13902, equation 15, tAB;
 * diffusers' scheduling_deis_multistep.py).
 */
public final class Deis implements Scheduler {
  private enum Algorithm {
    DEIS
  }

  private enum Type {
    LOGRHO
  }

  private final Settings settings;
  private final int order;
  private final SigmaSpacing spacing;
  private final boolean lowerOrderFinal;

  Deis(Settings settings) {
    this.settings = settings;
    order = settings.integer("solver_order", 2);
    spacing = SigmaSpacing.of(settings);
    lowerOrderFinal = settings.flag("lower_order_final", true);
    settings.choice("algorithm_type", Algorithm.DEIS, "dpmsolver", "dpmsolver++");
    settings.choice("solver_type", Type.LOGRHO, "midpoint", "heun", "bh1", "bh2");
    checkArgument(1 <= order && order <= 3, "the order must be in 1..3, was %s", order);
  }

  /** The order of the solver, 1..3. */
  public Deis order(int order) {
    return new Deis(settings.with("solver_order", order));
  }

  /** Whether the last steps are of lower order where there are fewer than 15; true by default. */
  public Deis lowerOrderFinal(boolean lower) {
    return new Deis(settings.with("lower_order_final", lower));
  }

  public Deis sigmas(SigmaSpacing spacing) {
    return new Deis(spacing.in(settings));
  }

  public Deis karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  @Override
  public String name() {
    return "deis";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, MultistepGrid.of(plan, spacing, MultistepGrid.End.LAST));
  }

  private final class Run extends SolverRun {
    private final Recent epsilons = new Recent(order);

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      epsilons.add(at.predict(k, x, plan.thresholding()).epsilonOfDenoised());
      var step = new ExponentialStep(levels, k, k + 1, false, 0);
      return step.from(x, k, epsilons.values(), step.moments(orderAt(k)), null);
    }

    private int orderAt(int k) {
      boolean lower = lowerOrderFinal && levels.evaluations() < DpmSolverMultistep.FEW_STEPS;
      int possible = lower ? Math.min(order, levels.evaluations() - k) : order;
      return Math.min(possible, epsilons.size());
    }
  }
}
