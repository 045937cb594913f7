package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Stochastic Adams solver: a stochastic Adams-Bashforth predictor and, from the next evaluation, an
 * Adams-Moulton corrector with the same noise (Xue et al. 2023, arXiv 2305.14267, equations 14, 17
 * and algorithm 1; diffusers' scheduling_sasolver.py).
 *
 * <p>Departures, as in diffusers: on the clean sample the second order takes h / 2 for the exact
 * moment, and noise is drawn at every step, also where it has no weight.
 */
public final class SaSolver implements Scheduler {
  private enum Algorithm {
    DATA_PREDICTION,
    NOISE_PREDICTION
  }

  private static final DoubleUnaryOperator TAU = t -> 200 <= t && t <= 800 ? 1 : 0;

  private final Settings settings;
  private final DoubleUnaryOperator tau;
  private final int predictorOrder;
  private final int correctorOrder;
  private final boolean onDenoised;
  private final boolean lowerOrderFinal;
  private final SigmaSpacing spacing;

  SaSolver(Settings settings) {
    this(settings, TAU);
  }

  private SaSolver(Settings settings, DoubleUnaryOperator tau) {
    this.settings = settings;
    this.tau = tau;
    predictorOrder = order("predictor_order");
    correctorOrder = order("corrector_order");
    onDenoised =
        settings.choice("algorithm_type", Algorithm.DATA_PREDICTION) == Algorithm.DATA_PREDICTION;
    lowerOrderFinal = settings.flag("lower_order_final", true);
    spacing = SigmaSpacing.of(settings);
    settings.refuse("tau_func");
  }

  private int order(String field) {
    int order = settings.integer(field, 2);
    checkArgument(1 <= order && order <= 4, "%s must be in 1..4, was %s", field, order);
    return order;
  }

  /** The orders of predictor and corrector, each 1..4; 2 and 2 by default. */
  public SaSolver orders(int predictor, int corrector) {
    return new SaSolver(
        settings.with("predictor_order", predictor).with("corrector_order", corrector), tau);
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
    return new SaSolver(settings.with("algorithm_type", "noise_prediction"), tau);
  }

  /** Whether the last steps are of lower order; true by default. */
  public SaSolver lowerOrderFinal(boolean lower) {
    return new SaSolver(settings.with("lower_order_final", lower), tau);
  }

  public SaSolver sigmas(SigmaSpacing spacing) {
    return new SaSolver(spacing.in(settings), tau);
  }

  public SaSolver karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  @Override
  public String name() {
    return "sa_solver";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, MultistepGrid.of(plan, spacing, MultistepGrid.End.LAST));
  }

  private final class Run extends SolverRun {
    private final Recent m = new Recent(Math.max(predictorOrder, correctorOrder - 1));

    /** The state before the last step, corrected, and its noise; null before the first one. */
    private float @Nullable [] last;

    private float @Nullable [] lastNoise;

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float[] now = target(at.predict(k, x, plan.thresholding()));
      float[] corrected = x;
      if (last != null) {
        var both = new ArrayList<float[]>(List.of(now));
        both.addAll(m.values());
        int used = used(correctorOrder, k - 2, both.size());
        corrected = update(k - 1, last, k, both, used, lastNoise);
      }
      m.add(now);
      last = corrected;
      lastNoise = at.gaussian();
      return update(k, corrected, k, m.values(), used(predictorOrder, k, m.size()), lastNoise);
    }

    private int used(int order, int k, int known) {
      int remaining = lowerOrderFinal ? levels.evaluations() - k : order;
      return Math.min(Math.min(order, remaining), known);
    }

    /** The step that starts at evaluation {@code from}, by the first estimates, newest first. */
    private float[] update(
        int from,
        float[] x,
        int newest,
        List<float[]> estimates,
        int used,
        float @Nullable [] noise) {
      double share = tau.applyAsDouble(levels.timestep(from));
      var step = new ExponentialStep(levels, from, from + 1, onDenoised, share);
      boolean second = used == 2 && onDenoised;
      double[] moments = second ? step.linearMoments() : step.moments(used);
      return step.from(x, newest, estimates, moments, noise);
    }

    private float[] target(Prediction p) {
      boolean clipped = plan.thresholding() != Clipping.NONE;
      return onDenoised ? p.denoised() : clipped ? p.epsilonOfDenoised() : p.epsilon();
    }
  }
}
