package dev.palimpsest.examples;

import dev.palimpsest.esd.report.ReportProgress;
import org.jspecify.annotations.Nullable;

/** The progress of reports, one after the other, a bar for each. */
final class ReportBar implements ReportProgress.Listener, AutoCloseable {
  private @Nullable Progress bar;
  private int pictures;
  private int done;

  @Override
  public void onProgress(ReportProgress progress) {
    Progress shown = bar;
    if (shown == null || progress.pictures() != pictures || progress.done() < done) {
      close();
      shown = Progress.of("drawing", progress.pictures());
      bar = shown;
    }
    pictures = progress.pictures();
    done = progress.done();
    shown.stepTo(done);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
