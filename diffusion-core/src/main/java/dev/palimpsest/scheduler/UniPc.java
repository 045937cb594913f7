package dev.palimpsest.scheduler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;

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
    BH1(ExponentialStep::linearMoments),
    /** B(h) = exp(h) - 1. */
    BH2(ExponentialStep::midpointMoments);

    final Function<ExponentialStep, double[]> moments;

    SolverType(Function<ExponentialStep, double[]> moments) {
      this.moments = moments;
    }
  }

  private final Settings settings;
  private final UniPcFields fields;

  UniPc(Settings settings) {
    this.settings = settings;
    fields = UniPcFields.of(settings);
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
    return new Run(plan, fields.levels(plan));
  }

  private final class Run extends CorrectedRun {
    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels, fields.order());
    }

    @Override
    float[] target(Prediction p) {
      return fields.onDenoised() ? p.denoised() : p.epsilon();
    }

    @Override
    ExponentialStep step(int k) {
      return new ExponentialStep(levels, k, k + 1, fields.onDenoised(), 0);
    }

    @Override
    double[] moments(ExponentialStep step, int used) {
      return used == 2 ? fields.type().moments.apply(step) : step.moments(used);
    }

    @Override
    int predictedBy(int k, int known) {
      int remaining = fields.lowerOrderFinal() ? levels.evaluations() - k : fields.order();
      return Math.min(Math.min(fields.order(), remaining), known);
    }

    @Override
    int correctedBy(int k, int known) {
      return fields.uncorrected().contains(k) ? 0 : predictedBy(k, known - 1) + 1;
    }
  }
}
