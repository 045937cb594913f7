package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Locale;

/** The timesteps and sigmas of the solvers that work where x = x0 + sigma epsilon. */
final class SigmaGrid {
  private enum Interpolation {
    LINEAR,
    LOG_LINEAR
  }

  private enum TimestepType {
    DISCRETE,
    CONTINUOUS
  }

  final double[] timesteps;

  /** One more than timesteps, the last being that of the result. */
  final float[] sigmas;

  private SigmaGrid(double[] timesteps, float[] sigmas) {
    this.timesteps = timesteps;
    this.sigmas = sigmas;
  }

  /** The grid of Euler, Heun, LMS and kin (diffusers' scheduling_euler_discrete.py). */
  static SigmaGrid of(SchedulePlan plan, SigmaSpacing spacing, FinalSigma finalSigma) {
    Settings settings = plan.settings();
    float[] table = plan.noiseSchedule().finiteSigmas();
    double[] explicit = plan.sigmas();
    SigmaGrid grid;
    if (explicit != null) {
      grid = ofSigmas(explicit, table);
    } else {
      checkArgument(
          plan.timesteps() == null || spacing == SigmaSpacing.TIMESTEPS,
          "explicit timesteps cannot be combined with %s sigmas",
          spacing);
      double last = finalSigma == FinalSigma.ZERO ? 0 : table[0];
      double[] timesteps = Timesteps.continuous(plan, TimestepSpacing.LINSPACE);
      double[] sigmas =
          settings.choice("interpolation_type", Interpolation.LINEAR) == Interpolation.LINEAR
              ? interpolate(timesteps, table)
              : logLinear(table, plan.steps());
      if (spacing != SigmaSpacing.TIMESTEPS) {
        sigmas = spaced(spacing, sigmas, settings, plan.steps());
        timesteps = timestepsOf(sigmas, table);
      }
      // Interpolated in logarithms there is one sigma too many, so that the run ends above 0: the
      // reference has it so.
      grid = new SigmaGrid(timesteps, withFinal(sigmas, sigmas.length, last));
    }
    boolean continuous =
        settings.choice("timestep_type", TimestepType.DISCRETE) == TimestepType.CONTINUOUS
            && plan.predictionType() == PredictionType.V_PREDICTION;
    return continuous ? grid.inLogSigmas() : grid;
  }

  NoiseLevels exploding(SchedulePlan plan) {
    boolean leading = plan.spacingOr(TimestepSpacing.LINSPACE) == TimestepSpacing.LEADING;
    return NoiseLevels.exploding(timesteps, sigmas, leading);
  }

  /** As {@link #exploding(SchedulePlan)} with each inner point evaluated twice. */
  NoiseLevels explodingTwice(SchedulePlan plan) {
    int n = timesteps.length;
    double[] twiceTimesteps = new double[2 * n - 1];
    float[] twiceSigmas = new float[2 * n];
    for (int k = 0; k < twiceTimesteps.length; k++) {
      twiceTimesteps[k] = timesteps[(k + 1) / 2];
      twiceSigmas[k] = sigmas[(k + 1) / 2];
    }
    twiceSigmas[2 * n - 1] = sigmas[n];
    return new SigmaGrid(twiceTimesteps, twiceSigmas).exploding(plan);
  }

  /**
   * As {@link #explodingTwice} with the second evaluation of each step halfway, in log(sigma), to
   * where the step goes before its noise; timesteps of Karras spacing are rounded.
   */
  NoiseLevels withMidpoints(SchedulePlan plan, SigmaSpacing spacing, boolean ancestral) {
    int n = timesteps.length;
    double[] middles = new double[n - 1];
    double[] timed = new double[n - 1];
    for (int i = 0; i < n - 1; i++) {
      float next = sigmas[i + 1];
      // An ancestral step goes to next² / sigma, which puts its middle at next.
      middles[i] = ancestral ? next : Math.sqrt((double) sigmas[i] * next);
      timed[i] = ancestral ? ancestralMiddle(sigmas[i], next) : middles[i];
    }
    double[] between = timestepsOf(timed, plan.noiseSchedule().finiteSigmas());
    double[] all = new double[2 * n - 1];
    float[] twice = new float[2 * n + 2];
    for (int k = 0; k < twice.length; k++) {
      twice[k] = sigmas[Math.min((k + 1) / 2, n)];
    }
    for (int k = 0; k < all.length; k++) {
      double t = timesteps[k / 2];
      all[k] = k % 2 == 1 ? between[k / 2] : spacing == SigmaSpacing.KARRAS ? Math.rint(t) : t;
    }
    float[] inner = withFinal(middles, n - 1, 0);
    boolean leading = plan.spacingOr(TimestepSpacing.LINSPACE) == TimestepSpacing.LEADING;
    return NoiseLevels.midpoints(all, twice, inner, leading);
  }

  /**
   * The sigma whose timestep the reference gives to the middle of an ancestral step: next, but for
   * the digits that next² - up² loses in its float32 where next is far below sigma.
   */
  private static float ancestralMiddle(float sigma, float next) {
    float squared = next * next;
    float up = ReferenceRoot.of(squared * (sigma * sigma - squared) / (sigma * sigma));
    float down = ReferenceRoot.of(Math.max(0, squared - up * up));
    float from = (float) Math.log(sigma);
    float to = (float) Math.log(down);
    return (float) Math.exp(to - (to - from) * 0.5f);
  }

  /** The fractional timesteps at which a schedule has the given sigmas, by their logarithms. */
  static double[] timestepsOf(double[] sigmas, float[] table) {
    double[] timesteps = new double[sigmas.length];
    for (int i = 0; i < sigmas.length; i++) {
      timesteps[i] = timestepOf(sigmas[i], table);
    }
    return timesteps;
  }

  /** The sigmas of fractional timesteps, linear between whole ones. */
  static double[] interpolate(double[] timesteps, float[] table) {
    double[] sigmas = new double[timesteps.length];
    int last = table.length - 1;
    for (int i = 0; i < sigmas.length; i++) {
      double t = Math.min(Math.max((float) timesteps[i], 0), last);
      int below = Math.min((int) t, Math.max(last - 1, 0));
      double low = table[below];
      sigmas[i] = last == 0 ? low : ((double) table[below + 1] - low) * (t - below) + low;
    }
    return sigmas;
  }

  /** The first {@code n} sigmas and the final one, as float32. */
  static float[] withFinal(double[] sigmas, int n, double last) {
    float[] all = new float[n + 1];
    for (int i = 0; i < n; i++) {
      all[i] = (float) sigmas[i];
    }
    all[n] = (float) last;
    return all;
  }

  private static SigmaGrid ofSigmas(double[] explicit, float[] table) {
    int n = explicit.length - 1;
    float[] sigmas = withFinal(explicit, n, explicit[n]);
    double[] rounded = new double[n];
    for (int i = 0; i < n; i++) {
      rounded[i] = sigmas[i];
    }
    return new SigmaGrid(timestepsOf(rounded, table), sigmas);
  }

  /** {@code sigma_max} and {@code sigma_min} of the configuration replace the grid's own ends. */
  private static double[] spaced(SigmaSpacing spacing, double[] sigmas, Settings settings, int n) {
    double max = settings.number("sigma_max", sigmas[0]);
    double min = settings.number("sigma_min", sigmas[sigmas.length - 1]);
    return spacing.between(max, min, n);
  }

  private static double[] logLinear(float[] table, int steps) {
    double[] logs =
        Timesteps.linspace(Math.log(table[table.length - 1]), Math.log(table[0]), steps + 1);
    for (int i = 0; i < logs.length; i++) {
      logs[i] = Math.exp(logs[i]);
    }
    return logs;
  }

  private SigmaGrid inLogSigmas() {
    double[] logs = new double[timesteps.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = (float) (0.25 * Math.log(sigmas[i]));
    }
    return new SigmaGrid(logs, sigmas);
  }

  private static double timestepOf(double sigma, float[] table) {
    double log = Math.log(Math.max(sigma, 1e-10));
    int low = 0;
    for (int t = 0; t < table.length - 1 && (float) Math.log(table[t]) <= log; t++) {
      low = t;
    }
    if (table.length == 1) {
      return 0;
    }
    float below = (float) Math.log(table[low]);
    float above = (float) Math.log(table[low + 1]);
    double w = Math.min(Math.max((below - log) / (below - above), 0), 1);
    return (1 - w) * low + w * (low + 1);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%d sigmas %s..%s", sigmas.length, sigmas[0], sigmas[sigmas.length - 1]);
  }
}
