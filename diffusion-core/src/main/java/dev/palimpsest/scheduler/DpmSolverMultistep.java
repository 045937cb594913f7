package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.combine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Multistep DPM-Solver and DPM-Solver++ of order 1 to 3, deterministic or stochastic (Lu et al.
 * 2022; diffusers' scheduling_dpmsolver_multistep.py). The default is DPM-Solver++ (2M).
 */
public final class DpmSolverMultistep implements Scheduler {

  /** How the first difference enters a second-order step. */
  public enum SolverType {
    MIDPOINT,
    HEUN
  }

  /** With fewer steps than this, the last ones are of lower order. */
  private static final int FEW_STEPS = 15;

  private static final Set<String> FOREIGN_TYPES = Set.of("logrho", "bh1", "bh2");

  private final Settings settings;
  private final int order;
  private final DpmAlgorithm algorithm;
  private final SolverType type;
  private final SigmaSpacing spacing;
  private final FinalSigma finalSigma;
  private final boolean lowerOrderFinal;
  private final boolean eulerAtFinal;

  DpmSolverMultistep(Settings settings) {
    this.settings = settings;
    order = settings.integer("solver_order", 2);
    algorithm = settings.choice("algorithm_type", DpmAlgorithm.DPMSOLVER_PLUS_PLUS);
    // Solver types of DEIS and UniPC mean midpoint when their configuration is taken over.
    boolean foreign = FOREIGN_TYPES.contains(settings.text("solver_type", ""));
    type = foreign ? SolverType.MIDPOINT : settings.choice("solver_type", SolverType.MIDPOINT);
    spacing = SigmaSpacing.of(settings);
    finalSigma = settings.choice("final_sigmas_type", FinalSigma.ZERO);
    lowerOrderFinal = settings.flag("lower_order_final", true);
    eulerAtFinal = settings.flag("euler_at_final", false);
    checkArgument(1 <= order && order <= 3, "the order must be in 1..3, was %s", order);
    checkArgument(
        order < 3 || algorithm != DpmAlgorithm.SDE_DPMSOLVER, "%s has no third order", algorithm);
    checkArgument(
        algorithm.onDenoised() || finalSigma == FinalSigma.SIGMA_MIN,
        "%s cannot end at sigma 0; let it end at SIGMA_MIN",
        algorithm);
  }

  /** The order of the solver, 1..3. */
  public DpmSolverMultistep order(int order) {
    return with("solver_order", order);
  }

  /** Those that work on the noise cannot end at sigma 0: set {@link #finalSigma} with them. */
  public DpmSolverMultistep algorithm(DpmAlgorithm algorithm, FinalSigma finalSigma) {
    return new DpmSolverMultistep(
        settings
            .with("algorithm_type", algorithm.toString())
            .with("final_sigmas_type", finalSigma.name().toLowerCase(Locale.ROOT)));
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
    return new Run(plan, MultistepGrid.of(plan, spacing, finalSigma));
  }

  private final class Run extends SolverRun {
    private final Clipping clipping = plan.thresholding();

    /** What the solver works on at earlier steps, newest first, as many as the order. */
    private final List<float[]> m = new ArrayList<>();

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      m.add(0, target(at.predict(k, x, clipping)));
      if (m.size() > order) {
        m.remove(order);
      }
      float[] z = algorithm.stochastic() ? at.gaussian() : null;
      float alpha = levels.alpha(k + 1);
      float sigma = levels.sigma(k + 1);
      float h = lambda(k + 1) - lambda(k);
      float ofState = algorithm.ofState(alpha, levels.alpha(k), sigma, levels.sigma(k), h);
      float ofD0 = algorithm.first(alpha, sigma, h);
      float[] xt = combine(ofState, x, ofD0, m.get(0));
      switch (orderAt(k)) {
        case 1 -> {}
        case 2 -> {
          boolean midpoint = type == SolverType.MIDPOINT;
          float ofD1 = midpoint ? 0.5f * ofD0 : algorithm.second(alpha, sigma, h);
          Linear.add(xt, ofD1, difference(k, 0, h));
        }
        default -> {
          float r0 = ratio(k, 0, h);
          float r1 = ratio(k, 1, h);
          float[] newer = difference(k, 0, h);
          float[] change = combine(1, newer, -1, difference(k, 1, h));
          float[] d1 = combine(1, newer, r0 / (r0 + r1), change);
          Linear.add(xt, algorithm.second(alpha, sigma, h), d1);
          Linear.add(xt, algorithm.third(alpha, sigma, h) * (1 / (r0 + r1)), change);
        }
      }
      if (z != null) {
        Linear.add(xt, algorithm.noise(sigma, h), z);
      }
      return xt;
    }

    private float[] target(Prediction p) {
      if (algorithm.onDenoised()) {
        return p.denoised();
      }
      return clipping == Clipping.NONE ? p.epsilon() : p.epsilonOfDenoised();
    }

    private int orderAt(int k) {
      int last = levels.evaluations() - 1;
      boolean lower = lowerOrderFinal && levels.evaluations() < FEW_STEPS;
      boolean first = k == last && (eulerAtFinal || lower || finalSigma == FinalSigma.ZERO);
      int possible = first ? 1 : k == last - 1 && lower ? 2 : order;
      return Math.min(possible, m.size());
    }

    /** The difference between the i-th and the next older m, per unit of r. */
    private float[] difference(int k, int i, float h) {
      float r = 1 / ratio(k, i, h);
      float[] difference = combine(1, m.get(i), -1, m.get(i + 1));
      for (int j = 0; j < difference.length; j++) {
        difference[j] *= r;
      }
      return difference;
    }

    private float ratio(int k, int i, float h) {
      return (lambda(k - i) - lambda(k - i - 1)) / h;
    }

    /** Half the log signal-to-noise ratio. */
    private float lambda(int k) {
      return (float) Math.log(levels.alpha(k)) - (float) Math.log(levels.sigma(k));
    }
  }
}
