package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.scheduler.DpmSolverMultistep.SolverType;
import java.util.List;
import java.util.Locale;

/**
 * Singlestep DPM-Solver and DPM-Solver++ of order 1 to 3 (Lu et al. 2022, arXiv 2206.00927,
 * algorithms 1, 4 and 5, and 2211.01095, algorithm 1; diffusers'
 * scheduling_dpmsolver_singlestep.py).
 *
 * <p>A block of as many evaluations as the order leads from its first state to its end, by way of
 * intermediate states, each of which counts as a step here. The timesteps are spaced evenly,
 * whatever the configuration says.
 */
public final class DpmSolverSinglestep implements Scheduler {
  private final Settings settings;
  private final DpmFields fields;
  private final boolean lowerOrderFinal;

  DpmSolverSinglestep(Settings settings) {
    this.settings = settings;
    fields = DpmFields.of(settings);
    lowerOrderFinal = settings.flag("lower_order_final", false);
    checkArgument(
        fields.algorithm() != DpmAlgorithm.SDE_DPMSOLVER,
        "%s has no singlestep form",
        fields.algorithm());
  }

  /** The order of the solver, 1..3. */
  public DpmSolverSinglestep order(int order) {
    return new DpmSolverSinglestep(settings.with("solver_order", order));
  }

  /** Those that work on the noise cannot end at sigma 0. */
  public DpmSolverSinglestep algorithm(DpmAlgorithm algorithm, FinalSigma finalSigma) {
    return new DpmSolverSinglestep(DpmFields.with(settings, algorithm, finalSigma));
  }

  public DpmSolverSinglestep type(SolverType type) {
    return new DpmSolverSinglestep(
        settings.with("solver_type", type.name().toLowerCase(Locale.ROOT)));
  }

  /**
   * Whether the last step is of first order where the steps are a multiple of the order; false by
   * default. It always is where the run ends at sigma 0.
   */
  public DpmSolverSinglestep lowerOrderFinal(boolean lower) {
    return new DpmSolverSinglestep(settings.with("lower_order_final", lower));
  }

  public DpmSolverSinglestep sigmas(SigmaSpacing spacing) {
    return new DpmSolverSinglestep(spacing.in(settings));
  }

  public DpmSolverSinglestep karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  @Override
  public String name() {
    return "dpmsolver_singlestep";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(plan, fields.levels(plan.spacing(TimestepSpacing.LINSPACE), false));
  }

  private final class Run extends SolverRun {
    private final Clipping clipping = plan.thresholding();
    private final Recent m = new Recent(fields.order());

    /** The state at the start of the block. */
    private float[] first = new float[0];

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      m.add(fields.algorithm().target(at.predict(k, x, clipping), clipping));
      float[] noise = fields.algorithm().stochastic() ? at.gaussian() : null;
      int order = Math.min(orderAt(k), m.size());
      if (order == 1) {
        first = x;
      }
      ExponentialStep step = fields.algorithm().step(levels, k - order + 1, k + 1);
      if (order == 3 && fields.type() == SolverType.MIDPOINT) {
        List<float[]> ends = List.of(m.values().get(0), m.values().get(2));
        return step.from(first, new double[] {step.node(k), 0}, ends, step.moments(2), noise);
      }
      return step.from(first, k, m.values(), fields.moments(step, order), noise);
    }

    /** The orders rise within a block; the last step may be a block of its own. */
    private int orderAt(int k) {
      int n = levels.evaluations();
      boolean toZero = fields.finalSigma() == FinalSigma.ZERO;
      boolean alone = toZero || lowerOrderFinal && n % fields.order() == 0;
      return k == n - 1 && alone ? 1 : k % fields.order() + 1;
    }
  }
}
