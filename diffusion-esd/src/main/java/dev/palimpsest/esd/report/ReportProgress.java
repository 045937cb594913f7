package dev.palimpsest.esd.report;

/**
 * How far a report is.
 *
 * @param done pictures that are there
 * @param pictures of all stacks
 * @param stack the stack at work
 */
public record ReportProgress(int done, int pictures, String stack) {

  /** Is told of progress; from several threads, one at a time. */
  @FunctionalInterface
  public interface Listener {
    Listener NONE = progress -> {};

    void onProgress(ReportProgress progress);
  }
}
