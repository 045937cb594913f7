package dev.palimpsest.scheduler;

import static dev.palimpsest.scheduler.Linear.combine;

/** {@link Pndm} whose first three steps are Runge-Kutta steps of four evaluations (formula 13). */
final class PndmRungeKutta extends PndmRun {
  PndmRungeKutta(SchedulePlan plan, double[] grid) {
    super(plan, withMiddles(plan, grid));
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
    ets.add(e1);
    if (k >= 12) {
      return multistep(x, t);
    }
    int middle = t - half(plan);
    float[] e2 = at.predict(k + 1, transfer(x, t, middle, e1.clone())).output();
    int afterMiddle = (int) levels.timestep(k + 1);
    float[] e3 = at.predict(k + 2, transfer(x, t, afterMiddle, e2.clone())).output();
    int end = (int) levels.timestep(k + 2) - half(plan);
    float[] e4 = at.predict(k + 3, transfer(x, t, end, e3.clone())).output();
    float[] mean = combine(1 / 6f, e1, 1 / 3f, e2, 1 / 3f, e3);
    Linear.add(mean, 1 / 6f, e4);
    return transfer(x, t, (int) levels.timestep(k + 3), mean);
  }

  /** The first three at the start, twice in the middle and at the end of the interval. */
  private static double[] withMiddles(SchedulePlan plan, double[] grid) {
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
}
