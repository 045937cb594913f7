package dev.palimpsest.scheduler;

import java.util.Locale;
import java.util.function.Function;

/**
 * Multistep DPM-Solver and DPM-Solver++ of order 1 to 3, deterministic or stochastic (Lu et al.
 * 2022, arXiv 2206.00927 and 2211.01095, algorithm 2; diffusers'
 * scheduling_dpmsolver_multistep.py). The default is DPM-Solver++ (2M).
 *
 * <p>Departures, as in diffusers: the third order takes half of the second difference's moment, and
 * the stochastic one of third order has a wrong sign in it.
 */
public final class DpmSolverMultistep implements Scheduler {

  /** How the first difference enters a second-order step. */
  public enum SolverType {
    /** Half of the zeroth one stands for its moment. */
    MIDPOINT(ExponentialStep::midpointMoments),
    /** Its moment is exact. */
    HEUN(step -> step.moments(2));

    final Function<ExponentialStep, double[]> moments;

    SolverType(Function<ExponentialStep, double[]> moments) {
      this.moments = moments;
    }
  }

  /** With fewer steps than this, the last ones are of lower order. */
  static final int FEW_STEPS = 15;

  private final Settings settings;
  private final DpmFields fields;
  private final boolean lowerOrderFinal;
  private final boolean eulerAtFinal;

  DpmSolverMultistep(Settings settings) {
    this.settings = settings;
    fields = DpmFields.of(settings);
    lowerOrderFinal = settings.flag("lower_order_final", true);
    eulerAtFinal = settings.flag("euler_at_final", false);
  }

  /** The order of the solver, 1..3. */
  public DpmSolverMultistep order(int order) {
    return with("solver_order", order);
  }

  /** Those that work on the noise cannot end at sigma 0: with them, {@code finalSigma} is not. */
  public DpmSolverMultistep algorithm(DpmAlgorithm algorithm, FinalSigma finalSigma) {
    return new DpmSolverMultistep(DpmFields.with(settings, algorithm, finalSigma));
  }

  public DpmSolverMultistep type(SolverType type) {
    return with("solver_type", type.name().toLowerCase(Locale.ROOT));
  }

  /** Whether the last steps are of lower order where there are fewer than 15; true by default. */
  public DpmSolverMultistep lowerOrderFinal(boolean lower) {
    return with("lower_order_final", lower);
  }

  /** Whether the last step is of first order in any case; false by default. */
  public DpmSolverMultistep eulerAtFinal(boolean euler) {
    return with("euler_at_final", euler);
  }

  public DpmSolverMultistep sigmas(SigmaSpacing spacing) {
    return new DpmSolverMultistep(spacing.in(settings));
  }

  public DpmSolverMultistep karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  private DpmSolverMultistep with(String field, Object value) {
    return new DpmSolverMultistep(settings.with(field, value));
  }

  @Override
  public String name() {
    return "dpmsolver++";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, fields.levels(plan, true));
  }

  private final class Run extends SolverRun {
    private final Clipping clipping = plan.thresholding();

    /** What the solver works on at the last evaluations. */
    private final Recent m = new Recent(fields.order());

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      m.add(fields.algorithm().target(at.predict(k, x, clipping), clipping));
      float[] noise = fields.algorithm().stochastic() ? at.gaussian() : null;
      ExponentialStep step = fields.algorithm().step(levels, k, k + 1);
      return step.from(x, k, m.values(), moments(step, orderAt(k)), noise);
    }

    private double[] moments(ExponentialStep step, int order) {
      double[] moments = fields.moments(step, order);
      if (order == 3) {
        moments[2] /= 2;
      }
      return moments;
    }

    private int orderAt(int k) {
      int last = levels.evaluations() - 1;
      boolean lower = lowerOrderFinal && levels.evaluations() < FEW_STEPS;
      boolean toZero = fields.finalSigma() == FinalSigma.ZERO;
      boolean first = k == last && (eulerAtFinal || lower || toZero);
      int possible = first ? 1 : k == last - 1 && lower ? 2 : fields.order();
      return Math.min(possible, m.size());
    }
  }
}
