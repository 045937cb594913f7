package dev.palimpsest.examples;

import dev.palimpsest.GenerationListener;
import dev.palimpsest.GenerationStep;
import org.jspecify.annotations.Nullable;

/** The progress of one generation, whose count of steps is known with its first step. */
final class StepProgress implements GenerationListener, AutoCloseable {
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
    Progress shown = progress;
    if (shown == null) {
      shown = Progress.of(task, step.steps());
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
