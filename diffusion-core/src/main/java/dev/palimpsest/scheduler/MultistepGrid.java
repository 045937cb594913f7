package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;

/**
 * The timesteps and sigmas of DPM-Solver and kin (diffusers' scheduling_dpmsolver_multistep.py):
 * whole timesteps, spaced sigmas between the ends of training rather than of the grid.
 */
final class MultistepGrid {
  /** The noise level after the last step. */
  enum End {
    ZERO,
    /** The smallest of training. */
    SIGMA_MIN,
    /** As {@link #SIGMA_MIN}; the last one again where timesteps do not place the sigmas. */
    LAST
  }

  private final SchedulePlan plan;
  private final SigmaSpacing spacing;
  private final float[] table;

  private MultistepGrid(SchedulePlan plan, SigmaSpacing spacing) {
    this.plan = plan;
    this.spacing = spacing;
    this.table = plan.noiseSchedule().finiteSigmas();
  }

  static NoiseLevels of(SchedulePlan plan, SigmaSpacing spacing, End end) {
    checkArgument(
        plan.timesteps() == null || spacing == SigmaSpacing.TIMESTEPS,
        "explicit timesteps cannot be combined with %s sigmas",
        spacing);
    boolean flow = isFlow(plan);
    checkArgument(
        flow || plan.predictionType() != PredictionType.FLOW_PREDICTION,
        "flow_prediction needs use_flow_sigmas");
    checkArgument(
        !flow || spacing == SigmaSpacing.TIMESTEPS,
        "flow sigmas cannot be combined with %s sigmas",
        spacing);
    var grid = new MultistepGrid(plan, spacing);
    return flow ? grid.flow(end) : grid.preserving(end);
  }

  static boolean isFlow(SchedulePlan plan) {
    return plan.settings().flag("use_flow_sigmas", false);
  }

  private NoiseLevels preserving(End end) {
    double last = end == End.ZERO ? 0 : table[0];
    double[] explicit = plan.sigmas();
    if (explicit != null) {
      int n = explicit.length - 1;
      double[] sigmas = Arrays.copyOf(explicit, n);
      return levels(whole(SigmaGrid.timestepsOf(sigmas, table)), sigmas, explicit[n]);
    }
    if (spacing == SigmaSpacing.TIMESTEPS) {
      double[] timesteps = Timesteps.multistep(plan, usableTimesteps());
      return levels(timesteps, SigmaGrid.interpolate(timesteps, table), last);
    }
    double[] sigmas = spacing.between(table[table.length - 1], table[0], plan.steps());
    last = end == End.LAST ? sigmas[sigmas.length - 1] : last;
    return levels(whole(SigmaGrid.timestepsOf(sigmas, table)), sigmas, last);
  }

  private static NoiseLevels levels(double[] timesteps, double[] sigmas, double last) {
    return NoiseLevels.preserving(timesteps, SigmaGrid.withFinal(sigmas, sigmas.length, last));
  }

  private NoiseLevels flow(End end) {
    int n = plan.steps();
    double[] rising = Timesteps.linspace(0, 1 - 1.0 / plan.noiseSchedule().timesteps(), n + 1);
    double[] sigmas = Arrays.copyOf(Timesteps.reversed(rising), n);
    FlowGrid.shift(sigmas, FlowGrid.factor(plan, plan.settings(), "flow_shift"));
    double last =
        switch (end) {
          case ZERO -> 0;
          case SIGMA_MIN -> table[0];
          case LAST -> sigmas[n - 1];
        };
    return FlowGrid.whole(plan, sigmas, last);
  }

  /** Rounded with Karras and Lu spacing, unless on the cosine schedule; cut otherwise. */
  private double[] whole(double[] timesteps) {
    boolean rounded =
        (spacing == SigmaSpacing.KARRAS || spacing == SigmaSpacing.LU)
            && !plan.noiseSchedule().name().equals("squaredcos_cap_v2");
    double[] whole = new double[timesteps.length];
    for (int i = 0; i < whole.length; i++) {
      whole[i] = rounded ? Math.rint(timesteps[i]) : Math.floor(timesteps[i]);
    }
    return whole;
  }

  /** The timesteps whose log signal-to-noise ratio reaches {@code lambda_min_clipped}. */
  private int usableTimesteps() {
    double min = plan.settings().number("lambda_min_clipped", Double.NEGATIVE_INFINITY);
    int usable = table.length;
    while (usable > 0 && -Math.log(table[usable - 1]) < min) {
      usable--;
    }
    checkArgument(usable > 0, "lambda_min_clipped %s leaves no timestep", min);
    return usable;
  }
}
