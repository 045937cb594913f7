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
  private final boolean cutOnCosine;
  private final float[] table;

  private MultistepGrid(SchedulePlan plan, SigmaSpacing spacing, boolean cutOnCosine) {
    this.plan = plan;
    this.spacing = spacing;
    this.cutOnCosine = cutOnCosine;
    this.table = plan.noiseSchedule().finiteSigmas();
  }

  static NoiseLevels of(SchedulePlan plan, SigmaSpacing spacing, End end) {
    return of(plan, spacing, end, Settings.NONE, false);
  }

  /**
   * @param ends {@code sigma_max} and {@code sigma_min} in it replace the ends of training
   * @param cutOnCosine whether timesteps are never rounded on the cosine schedule
   */
  static NoiseLevels of(
      SchedulePlan plan, SigmaSpacing spacing, End end, Settings ends, boolean cutOnCosine) {
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
    return flow
        ? FlowGrid.multistep(plan, end)
        : new MultistepGrid(plan, spacing, cutOnCosine).preserving(end, ends);
  }

  static boolean isFlow(SchedulePlan plan) {
    return plan.settings().flag("use_flow_sigmas", false);
  }

  private NoiseLevels preserving(End end, Settings ends) {
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
    double[] sigmas = between(spacing, table, plan.steps(), ends);
    last = end == End.LAST ? sigmas[sigmas.length - 1] : last;
    return levels(whole(SigmaGrid.timestepsOf(sigmas, table)), sigmas, last);
  }

  static double[] between(SigmaSpacing spacing, float[] table, int n, Settings ends) {
    double max = ends.number("sigma_max", table[table.length - 1]);
    double min = ends.number("sigma_min", table[0]);
    return spacing.between(max, min, n);
  }

  private static NoiseLevels levels(double[] timesteps, double[] sigmas, double last) {
    return NoiseLevels.preserving(timesteps, SigmaGrid.withFinal(sigmas, sigmas.length, last));
  }

  /** Rounded with Karras and Lu spacing, cut otherwise. */
  private double[] whole(double[] timesteps) {
    boolean cosine = plan.noiseSchedule().name().equals("squaredcos_cap_v2");
    boolean rounded =
        (spacing == SigmaSpacing.KARRAS || spacing == SigmaSpacing.LU) && !(cosine && cutOnCosine);
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
