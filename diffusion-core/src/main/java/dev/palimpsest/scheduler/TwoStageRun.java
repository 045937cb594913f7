package dev.palimpsest.scheduler;

/** A run whose steps evaluate the network twice, but for the last, which does it once. */
abstract class TwoStageRun extends SolverRun {
  TwoStageRun(SchedulePlan plan, NoiseLevels levels) {
    super(plan, levels);
  }

  @Override
  public int steps() {
    return (evaluations() + 1) / 2;
  }

  @Override
  protected int firstEvaluation(int i) {
    return 2 * (plan.startStep() + i);
  }
}
