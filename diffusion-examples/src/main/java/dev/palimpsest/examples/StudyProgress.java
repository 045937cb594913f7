package dev.palimpsest.examples;

import dev.palimpsest.training.TrainingListener;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Shows how far a study is: a bar on the terminal, a line now and then of its trainings. */
final class StudyProgress implements StudyListener, AutoCloseable {
  private static final int LINES = 20;

  private final PrintWriter out;
  private @Nullable Progress bar;

  StudyProgress(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void begin(String part, long steps) {
    close();
    bar = Progress.of(part, steps);
  }

  @Override
  public void step() {
    if (bar != null) {
      bar.step();
    }
  }

  @Override
  public void say(String sentence) {
    out.println(sentence);
    out.flush();
  }

  @Override
  public TrainingListener training() {
    return step -> {
      step();
      if (step.step() % Math.max(1, step.steps() / LINES) == 0) {
        say(
            String.format(
                Locale.ROOT,
                "step %d of %d: loss %.4f, %.2f s a step, %d minutes left",
                step.step(),
                step.steps(),
                step.loss(),
                step.seconds(),
                step.remaining().toMinutes()));
      }
    };
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
