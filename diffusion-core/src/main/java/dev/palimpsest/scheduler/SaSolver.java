package dev.palimpsest.scheduler;

import java.util.function.DoubleUnaryOperator;

/**
 * Stochastic Adams solver: a stochastic Adams-Bashforth predictor and, from the next evaluation, an
 * Adams-Moulton corrector with the same noise (Xue et al. 2023, arXiv 2305.14267, equations 14, 17
 * and algorithm 1; diffusers' scheduling_sasolver.py).
 *
 * <p>Departures, as in diffusers: on the clean sample the second order takes h / 2 for the exact
 * moment, and noise is drawn at every step, also where it has no weight.
 */
public final class SaSolver implements Scheduler {
  private static final DoubleUnaryOperator TAU = t -> 200 <= t && t <= 800 ? 1 : 0;

  private final Settings settings;
  private final DoubleUnaryOperator tau;
  private final SaSolverFields fields;

  SaSolver(Settings settings) {
    this(settings, TAU);
  }

  private SaSolver(Settings settings, DoubleUnaryOperator tau) {
    this.settings = settings;
    this.tau = tau;
    fields = SaSolverFields.of(settings);
  }

  /** The orders of predictor and corrector, each 1..4; 2 and 2 by default. */
  public SaSolver orders(int predictor, int corrector) {
    return with(settings.with("predictor_order", predictor).with("corrector_order", corrector));
  }

  /**
   * How much noise is drawn at a timestep: 0 for the probability flow, 1 for the reverse diffusion;
   * by default 1 from timestep 200 to 800 and 0 elsewhere.
   */
  public SaSolver tau(DoubleUnaryOperator tau) {
    return new SaSolver(settings, tau);
  }

  /** Works on the noise rather than on the clean sample. */
  public SaSolver onNoise() {
    return with(settings.with("algorithm_type", "noise_prediction"));
  }

  /** Whether the last steps are of lower order; true by default. */
  public SaSolver lowerOrderFinal(boolean lower) {
    return with(settings.with("lower_order_final", lower));
  }

  public SaSolver sigmas(SigmaSpacing spacing) {
    return with(spacing.in(settings));
  }

  public SaSolver karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  private SaSolver with(Settings other) {
    return new SaSolver(other, tau);
  }

  @Override
  public String name() {
    return "sa_solver";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, MultistepGrid.of(plan, fields.spacing(), MultistepGrid.End.LAST));
  }

  private final class Run extends CorrectedRun {
    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels, Math.max(fields.predictorOrder(), fields.correctorOrder() - 1));
    }

    @Override
    float[] target(Prediction p) {
      boolean clipped = plan.thresholding() != Clipping.NONE;
      return fields.onDenoised() ? p.denoised() : clipped ? p.epsilonOfDenoised() : p.epsilon();
    }

    @Override
    ExponentialStep step(int k) {
      double share = tau.applyAsDouble(levels.timestep(k));
      return new ExponentialStep(levels, k, k + 1, fields.onDenoised(), share);
    }

    @Override
    double[] moments(ExponentialStep step, int used) {
      return used == 2 && fields.onDenoised() ? step.linearMoments() : step.moments(used);
    }

    @Override
    int predictedBy(int k, int known) {
      return used(fields.predictorOrder(), k, known);
    }

    @Override
    int correctedBy(int k, int known) {
      return used(fields.correctorOrder(), k - 1, known);
    }

    @Override
    float[] draw(Evaluator at) {
      return at.gaussian();
    }

    private int used(int order, int k, int known) {
      int remaining = fields.lowerOrderFinal() ? levels.evaluations() - k : order;
      return Math.min(Math.min(order, remaining), known);
    }
  }
}
