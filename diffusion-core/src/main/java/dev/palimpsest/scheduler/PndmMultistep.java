package dev.palimpsest.scheduler;

import static dev.palimpsest.scheduler.Linear.combine;

/** {@link Pndm} without Runge-Kutta steps (PLMS): the first step evaluates its end as well. */
final class PndmMultistep extends PndmRun {
  PndmMultistep(SchedulePlan plan, double[] grid) {
    super(plan, secondTwice(grid));
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
    ets.add(output);
    float[] next = multistep(x, t);
    if (k > plan.startStep() || levels.evaluations() == 1) {
      return next;
    }
    int second = (int) levels.timestep(k + 1);
    float[] both = combine(0.5f, at.predict(k + 1, next).output(), 0.5f, output);
    return transfer(x, second + interval(), second, both);
  }

  /** The second timestep twice. */
  private static double[] secondTwice(double[] grid) {
    if (grid.length == 1) {
      return grid;
    }
    double[] twice = new double[grid.length + 1];
    for (int k = 0; k < twice.length; k++) {
      twice[k] = grid[k < 2 ? k : k - 1];
    }
    return twice;
  }
}
