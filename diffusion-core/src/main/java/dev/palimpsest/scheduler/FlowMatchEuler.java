package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.combine;

import java.util.Arrays;

/**
 * Euler's method on the straight paths of rectified flows (Liu et al. 2023, arXiv 2209.03003,
 * algorithm 1; Esser et al. 2024, arXiv 2403.03206; diffusers'
 * scheduling_flow_match_euler_discrete.py). For networks with {@link
 * PredictionType#FLOW_PREDICTION} only.
 *
 * <p>As in diffusers the smallest sigma is shifted twice. Departure: explicit sigmas, and explicit
 * timesteps, whose sigmas are t / T, are used as they are, not shifted.
 */
public final class FlowMatchEuler implements Scheduler {
  private final Settings settings;
  private final SigmaSpacing spacing;
  private final boolean stochastic;

  FlowMatchEuler(Settings settings) {
    this.settings = settings;
    spacing = SigmaSpacing.of(settings);
    stochastic = settings.flag("stochastic_sampling", false);
    settings.choice("time_shift_type", FlowGrid.TimeShift.EXPONENTIAL);
    double terminal = settings.number("shift_terminal", 0);
    checkArgument(
        0 <= terminal && terminal < 1, "shift_terminal must be in [0, 1), was %s", terminal);
    double shift = settings.number("shift", 1);
    checkArgument(shift > 0, "the shift must be positive, was %s", shift);
  }

  /** A fixed shift towards noise; 1, none, by default. */
  public FlowMatchEuler shift(double shift) {
    return with("shift", shift);
  }

  /** Whether the shift comes with each plan ({@link SchedulePlan#mu}); false by default. */
  public FlowMatchEuler dynamicShifting(boolean dynamic) {
    return with("use_dynamic_shifting", dynamic);
  }

  /** Whether each step noises the estimate of the clean sample anew; false by default. */
  public FlowMatchEuler stochastic(boolean stochastic) {
    return with("stochastic_sampling", stochastic);
  }

  public FlowMatchEuler sigmas(SigmaSpacing spacing) {
    return new FlowMatchEuler(spacing.in(settings));
  }

  public FlowMatchEuler karrasSigmas() {
    return sigmas(SigmaSpacing.KARRAS);
  }

  private FlowMatchEuler with(String field, Object value) {
    return new FlowMatchEuler(settings.with(field, value));
  }

  @Override
  public String name() {
    return "flow_match_euler";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    checkArgument(
        plan.predictionType() == PredictionType.FLOW_PREDICTION,
        "flow_match_euler works on flow_prediction, not %s",
        plan.predictionType());
    return new Run(plan, levels(plan));
  }

  private NoiseLevels levels(SchedulePlan plan) {
    double[] explicit = FlowGrid.explicit(plan);
    double[] sigmas =
        explicit == null ? spaced(plan) : Arrays.copyOf(explicit, explicit.length - 1);
    double last = explicit == null ? 0 : explicit[sigmas.length];
    if (settings.flag("invert_sigmas", false)) {
      Arrays.setAll(sigmas, i -> 1 - sigmas[i]);
      last = 1 - last;
    }
    float[] all = SigmaGrid.withFinal(sigmas, sigmas.length, last);
    double[] timesteps = new double[sigmas.length];
    Arrays.setAll(timesteps, i -> all[i] * (float) plan.noiseSchedule().timesteps());
    return NoiseLevels.flow(timesteps, all);
  }

  private double[] spaced(SchedulePlan plan) {
    double factor = FlowGrid.factor(plan, settings, "shift");
    double[] min = {1.0 / plan.noiseSchedule().timesteps()};
    FlowGrid.shift(min, plan.mu().isPresent() ? 1 : factor);
    double[] sigmas = Timesteps.linspace(1, min[0], plan.steps());
    FlowGrid.shift(sigmas, factor);
    FlowGrid.stretch(sigmas, settings);
    return spacing == SigmaSpacing.TIMESTEPS
        ? sigmas
        : spacing.between(sigmas[0], sigmas[sigmas.length - 1], sigmas.length);
  }

  private final class Run extends SolverRun {
    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      Prediction p = at.predict(k, x);
      float next = levels.sigma(k + 1);
      return stochastic
          ? combine(1 - next, p.denoised(), next, at.gaussian())
          : combine(1, x, next - levels.sigma(k), p.output());
    }
  }
}
