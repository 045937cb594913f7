package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Noise levels of rectified flows, from 1 to 0, shifted towards noise for large pictures (Esser et
 * al. 2024, equation 23).
 */
final class FlowGrid {
  enum TimeShift {
    EXPONENTIAL,
    LINEAR
  }

  private FlowGrid() {}

  /**
   * The factor of the shift: exp(mu) or mu of the plan with dynamic shifting, else a field.
   *
   * @throws IllegalArgumentException if there is a mu without dynamic shifting or the reverse
   */
  static double factor(SchedulePlan plan, Settings settings, String field) {
    boolean dynamic = settings.flag("use_dynamic_shifting", false);
    checkArgument(
        dynamic || plan.mu().isEmpty(), "a shift mu needs use_dynamic_shifting, which is not set");
    TimeShift type = settings.choice("time_shift_type", TimeShift.EXPONENTIAL);
    if (!dynamic) {
      return settings.number(field, 1);
    }
    checkArgument(plan.mu().isPresent(), "use_dynamic_shifting needs a mu in the plan");
    double mu = plan.mu().getAsDouble();
    return type == TimeShift.EXPONENTIAL ? Math.exp(mu) : mu;
  }

  /** Shifts in place; a factor of 1 changes nothing. */
  static void shift(double[] sigmas, double factor) {
    for (int i = 0; i < sigmas.length; i++) {
      sigmas[i] = factor * sigmas[i] / (1 + (factor - 1) * sigmas[i]);
    }
  }

  /** Stretches in place so that the last one is the field {@code shift_terminal}, if it is set. */
  static void stretch(double[] sigmas, Settings settings) {
    double terminal = settings.number("shift_terminal", 0);
    if (terminal == 0) {
      return;
    }
    double scale = (1 - sigmas[sigmas.length - 1]) / (1 - terminal);
    for (int i = 0; i < sigmas.length; i++) {
      sigmas[i] = 1 - (1 - sigmas[i]) / scale;
    }
  }

  /**
   * The sigmas that a plan states, or t / T of its timesteps, with the final one; null for none.
   */
  static double @Nullable [] explicit(SchedulePlan plan) {
    double[] timesteps = plan.timesteps();
    if (timesteps == null) {
      return plan.sigmas();
    }
    double[] sigmas = new double[timesteps.length + 1];
    for (int i = 0; i < timesteps.length; i++) {
      sigmas[i] = timesteps[i] / plan.noiseSchedule().timesteps();
    }
    return sigmas;
  }

  /** Those of DPM-Solver, DEIS and SA-Solver. */
  static NoiseLevels multistep(SchedulePlan plan, MultistepGrid.End end) {
    int n = plan.steps();
    double[] rising = Timesteps.linspace(0, 1 - 1.0 / plan.noiseSchedule().timesteps(), n + 1);
    double[] sigmas = Arrays.copyOf(Timesteps.reversed(rising), n);
    shift(sigmas, factor(plan, plan.settings(), "flow_shift"));
    double last =
        switch (end) {
          case ZERO -> 0;
          case SIGMA_MIN -> plan.noiseSchedule().finiteSigmas()[0];
          case LAST -> sigmas[n - 1];
        };
    return whole(plan, sigmas, last);
  }

  /** Those of UniPC: below 1, so that the state holds some of the sample. */
  static double[] unipc(SchedulePlan plan, SigmaSpacing spacing) {
    Settings settings = plan.settings();
    int n = plan.steps();
    checkArgument(
        plan.timesteps() == null && plan.sigmas() == null,
        "on flow sigmas unipc takes a number of steps, not timesteps or sigmas");
    if (spacing == SigmaSpacing.KARRAS) {
      float[] table = plan.noiseSchedule().finiteSigmas();
      double[] sigmas = MultistepGrid.between(spacing, table, n, settings);
      Arrays.setAll(sigmas, i -> sigmas[i] / (sigmas[i] + 1));
      return sigmas;
    }
    checkArgument(
        spacing == SigmaSpacing.TIMESTEPS,
        "flow sigmas cannot be combined with %s sigmas",
        spacing);
    double[] ramp = Timesteps.linspace(1, 1.0 / plan.noiseSchedule().timesteps(), n + 1);
    double[] sigmas = Arrays.copyOf(ramp, n);
    shift(sigmas, factor(plan, settings, "flow_shift"));
    stretch(sigmas, settings);
    sigmas[0] = Math.abs(sigmas[0] - 1) < 1e-6 ? sigmas[0] - 1e-6 : sigmas[0];
    return sigmas;
  }

  /** The levels whose timesteps are cut to whole ones. */
  static NoiseLevels whole(SchedulePlan plan, double[] sigmas, double last) {
    double[] timesteps = new double[sigmas.length];
    for (int i = 0; i < timesteps.length; i++) {
      timesteps[i] = Math.floor(sigmas[i] * plan.noiseSchedule().timesteps());
    }
    return NoiseLevels.flow(timesteps, SigmaGrid.withFinal(sigmas, sigmas.length, last));
  }
}
