package dev.palimpsest.scheduler;

/**
 * The immutable description of a solver: which algorithm, of which order, with how much noise.
 *
 * <p>The noise schedule, the prediction type and the timesteps are not part of it; they come in a
 * {@link SchedulePlan}. A change of a field is another object. Thread-safe. To write one, implement
 * this interface with a run that extends {@link SolverRun}; to have it found by name, add a {@link
 * SchedulerProvider}.
 */
public interface Scheduler {

  /** The short name, such as {@code "ddim"}. */
  String name();

  /**
   * Starts a run.
   *
   * @throws IllegalArgumentException if the plan asks for what this solver cannot do
   */
  SchedulerRun begin(SchedulePlan plan);
}
