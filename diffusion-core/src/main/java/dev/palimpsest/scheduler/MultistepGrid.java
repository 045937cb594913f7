package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;

/**
 * The timesteps and sigmas of DPM-Solver and kin (diffusers' scheduling_dpmsolver_multistep.py):
 * whole timesteps, spaced sigmas between the ends of training rather than of the grid.
 */
final class MultistepGrid {
  private final SchedulePlan plan;
  private final SigmaSpacing spacing;
  private final float[] table;

  private MultistepGrid(SchedulePlan plan, SigmaSpacing spacing) {
    this.plan = plan;
    this.spacing = spacing;
    this.table = plan.noiseSchedule().finiteSigmas();
  }

  static NoiseLevels of(SchedulePlan plan, SigmaSpacing spacing, FinalSigma finalSigma) {
    checkArgument(
        plan.timesteps() == null || spacing == SigmaSpacing.TIMESTEPS,
        "explicit timesteps cannot be combined with %s sigmas",
        spacing);
    boolean flow = plan.settings().flag("use_flow_sigmas", false);
    checkArgument(
        flow || plan.predictionType() != PredictionType.FLOW_PREDICTION,
        "flow_prediction needs use_flow_sigmas");
    var grid = new MultistepGrid(plan, spacing);
    double last = finalSigma == FinalSigma.ZERO ? 0 : grid.table[0];
    return flow ? grid.flow(last) : grid.preserving(last);
  }

  private NoiseLevels preserving(double last) {
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
    return levels(whole(SigmaGrid.timestepsOf(sigmas, table)), sigmas, last);
  }

  private static NoiseLevels levels(double[] timesteps, double[] sigmas, double last) {
    return NoiseLevels.preserving(timesteps, SigmaGrid.withFinal(sigmas, sigmas.length, last));
  }

  private NoiseLevels flow(double last) {
    int total = plan.noiseSchedule().timesteps();
    int n = plan.steps();
    double shift = plan.settings().number("flow_shift", 1);
    if (plan.mu().isPresent()) {
      checkArgument(
          plan.settings().flag("use_dynamic_shifting", false),
          "a shift mu needs use_dynamic_shifting");
      shift = Math.exp(plan.mu().getAsDouble());
    }
    double[] alphas = Timesteps.linspace(1, 1.0 / total, n + 1);
    double[] sigmas = new double[n];
    double[] timesteps = new double[n];
    for (int i = 0; i < n; i++) {
      double sigma = 1 - alphas[n - i];
      sigmas[i] = shift * sigma / (1 + (shift - 1) * sigma);
      timesteps[i] = Math.floor(sigmas[i] * total);
    }
    return NoiseLevels.flow(timesteps, SigmaGrid.withFinal(sigmas, n, last));
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
