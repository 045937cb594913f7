package dev.palimpsest.examples;

import dev.palimpsest.GenerationListener;
import dev.palimpsest.GenerationStep;
import dev.palimpsest.likelihood.Likelihood;
import org.jspecify.annotations.Nullable;

/** The progress of a generation or of a bound, whose count of steps is known with the first. */
final class StepProgress implements GenerationListener, Likelihood.Listener, AutoCloseable {
  private final String task;
  private @Nullable Progress progress;

  private StepProgress(String task) {
    this.task = task;
  }

  static StepProgress of(String task) {
    return new StepProgress(task);
  }

  @Override
  public void onStep(GenerationStep step) {
    stepOf(step.steps());
  }

  @Override
  public void onEvaluation(int done, int evaluations) {
    stepOf(evaluations);
  }

  private void stepOf(int steps) {
    Progress shown = progress;
    if (shown == null) {
      shown = Progress.of(task, steps);
      progress = shown;
    }
    shown.step();
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
  }
}
