package dev.palimpsest.examples;

import dev.palimpsest.training.TrainingListener;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A bar on the terminal; nothing where output goes elsewhere. Thread-safe. */
final class Progress implements AutoCloseable {
  private final @Nullable ProgressBar bar;

  private Progress(@Nullable ProgressBar bar) {
    this.bar = bar;
  }

  static Progress of(String task, long steps) {
    if (System.console() == null) {
      return new Progress(null);
    }
    return new Progress(
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(steps)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200)
            .clearDisplayOnFinish()
            .build());
  }

  void step() {
    stepBy(1);
  }

  void stepBy(long steps) {
    if (bar != null) {
      bar.stepBy(steps);
    }
  }

  void stepTo(long step) {
    if (bar != null) {
      bar.stepTo(step);
    }
  }

  /** Shows a few words behind the bar, such as a loss. */
  void tell(String words) {
    if (bar != null) {
      bar.setExtraMessage(words);
    }
  }

  /** Follows a training's steps and shows its loss. */
  TrainingListener training() {
    return step -> {
      stepTo(step.step());
      tell(String.format(Locale.ROOT, "loss %.4f", step.loss()));
    };
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
