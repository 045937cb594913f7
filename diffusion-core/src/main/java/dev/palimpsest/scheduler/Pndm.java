package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;
import static dev.palimpsest.scheduler.Linear.combine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Pseudo numerical methods for diffusion models (Liu et al. 2022, formulas 9, 12, 13 and algorithm
 * 2; diffusers' scheduling_pndm.py): linear multistep of order 4 on the network's output, started
 * by three Runge-Kutta steps of four evaluations, or, without those (PLMS), by one step of two.
 *
 * <p>Departures from the paper, as in diffusers: the outputs of earlier timesteps are combined
 * before a v-prediction is converted, with the coefficients of the current one; and a PLMS run that
 * starts in the middle takes its second timestep for a repetition of the first.
 */
public final class Pndm implements Scheduler {
  private final boolean skipPrkSteps;

  Pndm() {
    this(false);
  }

  static Pndm of(Settings settings) {
    return new Pndm(settings.flag("skip_prk_steps", false));
  }

  private Pndm(boolean skipPrkSteps) {
    this.skipPrkSteps = skipPrkSteps;
  }

  /** Whether the Runge-Kutta steps are left out, as Stable Diffusion's configurations have it. */
  public Pndm skipPrkSteps(boolean skip) {
    return new Pndm(skip);
  }

  @Override
  public String name() {
    return "pndm";
  }

  @Override
  public SchedulerRun begin(SchedulePlan plan) {
    checkArgument(
        plan.timesteps() == null && plan.sigmas() == null,
        "pndm takes a number of steps, not timesteps or sigmas");
    checkArgument(
        skipPrkSteps || plan.steps() >= 4,
        "pndm with Runge-Kutta steps needs at least 4 steps, was %s; or skip them",
        plan.steps());
    checkArgument(
        skipPrkSteps || plan.startStep() == 0,
        "pndm cannot start in the middle with Runge-Kutta steps; skip them (skipPrkSteps)");
    double[] grid = Timesteps.discrete(plan, TimestepSpacing.LEADING);
    double[] evaluated = skipPrkSteps ? plms(grid) : rungeKutta(plan, grid);
    NoiseLevels levels = NoiseLevels.of(plan.noiseSchedule(), evaluated);
    return skipPrkSteps ? new Plms(plan, levels) : new Prk(plan, levels);
  }

  /** The second timestep twice. */
  private static double[] plms(double[] grid) {
    if (grid.length == 1) {
      return grid;
    }
    double[] twice = new double[grid.length + 1];
    for (int k = 0; k < twice.length; k++) {
      twice[k] = grid[k < 2 ? k : k - 1];
    }
    return twice;
  }

  /** The first three at the start, twice in the middle and at the end of the interval. */
  private static double[] rungeKutta(SchedulePlan plan, double[] grid) {
    double[] timesteps = new double[grid.length + 9];
    for (int i = 0; i < 3; i++) {
      timesteps[4 * i] = grid[i];
      timesteps[4 * i + 1] = grid[i + 1] + half(plan);
      timesteps[4 * i + 2] = grid[i + 1] + half(plan);
      timesteps[4 * i + 3] = grid[i + 1];
    }
    System.arraycopy(grid, 3, timesteps, 12, grid.length - 3);
    return timesteps;
  }

  private static int half(SchedulePlan plan) {
    return plan.noiseSchedule().timesteps() / plan.steps() / 2;
  }

  private abstract static class Run extends SolverRun {
    /** The last outputs of the network, newest first. */
    private final Deque<float[]> ets = new ArrayDeque<>();

    private final float finalAlpha = plan.finalAlphaCumprod(false);

    Run(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    final void remember(float[] output) {
      ets.addFirst(output);
      if (ets.size() > 4) {
        ets.removeLast();
      }
    }

    /** Adams-Bashforth on the remembered outputs (formula 12). */
    final float[] multistep() {
      Iterator<float[]> e = ets.iterator();
      float[] out =
          switch (ets.size()) {
            case 1 -> e.next().clone();
            case 2 -> combine(3, e.next(), -1, e.next());
            case 3 -> combine(23, e.next(), -16, e.next(), 5, e.next());
            default -> combine(55, e.next(), -59, e.next(), 37, e.next());
          };
      if (e.hasNext()) {
        Linear.add(out, -9, e.next());
      }
      float divisor = new float[] {1, 2, 12, 24}[ets.size() - 1];
      for (int i = 0; i < out.length; i++) {
        out[i] /= divisor;
      }
      return out;
    }

    final int interval() {
      return plan.noiseSchedule().timesteps() / plan.steps();
    }

    /** The transfer part (formula 9), from timestep t to a previous one. */
    final float[] transfer(float[] x, int t, int previous, float[] output) {
      float alphaT = plan.noiseSchedule().alphaCumprod(t);
      float alphaPrev = previous >= 0 ? plan.noiseSchedule().alphaCumprod(previous) : finalAlpha;
      float betaT = 1 - alphaT;
      float[] epsilon =
          switch (plan.predictionType()) {
            case EPSILON -> output;
            case V_PREDICTION ->
                combine((float) Math.sqrt(alphaT), output, (float) Math.sqrt(betaT), x);
            case SAMPLE, FLOW_PREDICTION ->
                throw new IllegalArgumentException(
                    "pndm works on epsilon or v_prediction, not " + plan.predictionType());
          };
      float denominator =
          alphaT * (float) Math.sqrt(1 - alphaPrev) + (float) Math.sqrt(alphaT * betaT * alphaPrev);
      return combine(
          (float) Math.sqrt(alphaPrev / alphaT), x, -(alphaPrev - alphaT) / denominator, epsilon);
    }
  }

  private static final class Plms extends Run {
    Plms(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    public int steps() {
      return Math.max(1, evaluations() - 1);
    }

    @Override
    protected int firstEvaluation(int i) {
      return plan.startStep() + (i == 0 ? 0 : i + 1);
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      int t = (int) levels.timestep(k);
      float[] output = at.predict(k, x).output();
      remember(output);
      float[] next = transfer(x, t, t - interval(), multistep());
      if (k > plan.startStep() || levels.evaluations() == 1) {
        return next;
      }
      int second = (int) levels.timestep(k + 1);
      float[] both = combine(0.5f, at.predict(k + 1, next).output(), 0.5f, output);
      return transfer(x, second + interval(), second, both);
    }
  }

  private static final class Prk extends Run {
    Prk(SchedulePlan plan, NoiseLevels levels) {
      super(plan, levels);
    }

    @Override
    public int steps() {
      return levels.evaluations() - 9;
    }

    @Override
    protected int firstEvaluation(int i) {
      return i < 3 ? 4 * i : i + 9;
    }

    @Override
    protected float[] advance(int k, float[] x, Evaluator at) {
      int t = (int) levels.timestep(k);
      float[] e1 = at.predict(k, x).output();
      remember(e1);
      if (k >= 12) {
        return transfer(x, t, t - interval(), multistep());
      }
      int middle = t - half(plan);
      float[] e2 = at.predict(k + 1, transfer(x, t, middle, e1)).output();
      int afterMiddle = (int) levels.timestep(k + 1);
      float[] e3 = at.predict(k + 2, transfer(x, t, afterMiddle, e2)).output();
      int end = (int) levels.timestep(k + 2) - half(plan);
      float[] e4 = at.predict(k + 3, transfer(x, t, end, e3)).output();
      float[] mean = combine(1 / 6f, e1, 1 / 3f, e2, 1 / 3f, e3);
      Linear.add(mean, 1 / 6f, e4);
      return transfer(x, t, (int) levels.timestep(k + 3), mean);
    }
  }
}
