package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * UniPC: a predictor and, from the next evaluation, a corrector of one order more (Zhao et al.
 * 2023, arXiv 2302.04867, algorithms 5 to 8; diffusers' scheduling_unipc_multistep.py).
 *
 * <p>As in diffusers the corrected state is not evaluated again. Where diffusers gives NaN, with B1
 * at the step to sigma 0, this does not. Another solver as predictor ({@code solver_p}) is not
 * supported.
 */
public final class UniPc implements Scheduler {

  /** The function B(h), which matters where two estimates are used. */
  public enum SolverType {
    /** B(h) = h. */
    BH1 {
      @Override
      double[] moments(ExponentialStep step) {
        return step.linearMoments();
      }
    },
    /** B(h) = exp(h) - 1. */
    BH2 {
      @Override
      double[] moments(ExponentialStep step) {
        return step.midpointMoments();
      }
    };

    abstract double[] moments(ExponentialStep step);
  }

  private final Settings settings;
  private final int order;
  private final SolverType type;
  private final boolean onDenoised;
  private final boolean lowerOrderFinal;
  private final Set<Integer> uncorrected = new HashSet<>();
  private final SigmaSpacing spacing;
  private final FinalSigma finalSigma;

  UniPc(Settings settings) {
    this.settings = settings;
    order = settings.integer("solver_order", 2);
    type = settings.choice("solver_type", SolverType.BH2, "midpoint", "heun", "logrho");
    onDenoised = settings.flag("predict_x0", true);
    lowerOrderFinal = settings.flag("lower_order_final", true);
    spacing = SigmaSpacing.of(settings);
    finalSigma = settings.choice("final_sigmas_type", FinalSigma.ZERO);
    settings.integers("disable_corrector").forEach(uncorrected::add);
    settings.refuse("solver_p");
    checkArgument(order >= 1, "the order must be positive, was %s", order);
    boolean toZero = finalSigma == FinalSigma.ZERO;
    checkArgument(
        onDenoised || !toZero, "unipc on the noise cannot end at sigma 0; let it end at SIGMA_MIN");
    checkArgument(
        lowerOrderFinal || order == 1 || !toZero,
        "unipc of order %s cannot end at sigma 0 without lower orders at the end",
        order);
  }

  /** The order of the predictor, normally 2 or 3. */
  public UniPc order(int order) {
    return with("solver_order", order);
  }

  public UniPc type(SolverType type) {
    return with("solver_type", type.name().toLowerCase(Locale.ROOT));
  }

  /** Works on the noise rather than on the clean sample; it then ends at the smallest sigma. */
  public UniPc onNoise() {
    return new UniPc(settings.with("predict_x0", false).with("final_sigmas_type", "sigma_min"));
  }

  /** Whether the last steps are of lower order; true by default. */
  public UniPc lowerOrderFinal(boolean lower) {
    return with("lower_order_final", lower);
  }

  /** The steps, from 0, whose result is not corrected; none by default. */
  public UniPc disableCorrector(int... steps) {
    var list = new ArrayList<Integer>();
    Arrays.stream(steps).forEach(list::add);
    return with("disable_corrector", list);
  }

  public UniPc sigmas(SigmaSpacing spacing) {
    return new UniPc(spacing.in(settings));
  }

  public UniPc karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  private UniPc with(String field, Object value) {
    return new UniPc(settings.with(field, value));
  }

  @Override
  public String name() {
    return "unipc";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    return new Run(
        plan,
        MultistepGrid.isFlow(plan)
            ? flow(plan)
            : MultistepGrid.of(plan, spacing, end(), settings, false));
  }

  private MultistepGrid.End end() {
    return finalSigma == FinalSigma.ZERO ? MultistepGrid.End.ZERO : MultistepGrid.End.LAST;
  }

  private NoiseLevels flow(SchedulePlan plan) {
    double[] sigmas = FlowGrid.unipc(plan, spacing);
    double last = finalSigma == FinalSigma.ZERO ? 0 : sigmas[sigmas.length - 1];
    return FlowGrid.whole(plan, sigmas, last);
  }

  private final class Run extends SolverRun {
    private final Recent m = new Recent(order);

    /** The state before the last step, corrected; null before the first one. */
    private float @Nullable [] last;

    private int lastOrder;

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      float[] now = target(at.predict(k, x, plan.thresholding()));
      float[] corrected = x;
      if (last != null && !uncorrected.contains(k - 1)) {
        var both = new ArrayList<float[]>(List.of(now));
        both.addAll(m.values());
        corrected = update(k - 1, last, k, both, lastOrder + 1);
      }
      m.add(now);
      last = corrected;
      int remaining = lowerOrderFinal ? levels.evaluations() - k : order;
      lastOrder = Math.min(Math.min(order, remaining), m.size());
      return update(k, corrected, k, m.values(), lastOrder);
    }

    /** The step that starts at evaluation {@code from}, by the first estimates, newest first. */
    private float[] update(int from, float[] x, int newest, List<float[]> estimates, int used) {
      var step = new ExponentialStep(levels, from, from + 1, onDenoised, 0);
      double[] moments = used == 2 ? type.moments(step) : step.moments(used);
      return step.from(x, newest, estimates, moments, null);
    }

    private float[] target(Prediction p) {
      return onDenoised ? p.denoised() : p.epsilon();
    }
  }
}
