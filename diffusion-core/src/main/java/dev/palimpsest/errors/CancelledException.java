package dev.palimpsest.errors;

/** A long call that its caller cancelled. */
public final class CancelledException extends DiffusionException {
  private static final long serialVersionUID = 1L;

  public CancelledException(String message) {
    super(message);
  }

  public CancelledException(String message, Throwable cause) {
    super(message, cause);
  }
}
