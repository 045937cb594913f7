package dev.palimpsest.examples;

import dev.palimpsest.likelihood.Likelihood;
import org.jspecify.annotations.Nullable;

/** The progress of a bound, whose count of evaluations is known with its first one. */
final class EvaluationProgress implements Likelihood.Listener, AutoCloseable {
  private final String task;
  private @Nullable Progress progress;

  private EvaluationProgress(String task) {
    this.task = task;
  }

  static EvaluationProgress of(String task) {
    return new EvaluationProgress(task);
  }

  @Override
  public void onEvaluation(int done, int evaluations) {
    Progress shown = progress;
    if (shown == null) {
      shown = Progress.of(task, evaluations);
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
