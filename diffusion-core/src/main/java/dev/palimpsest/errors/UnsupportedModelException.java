package dev.palimpsest.errors;

/** A model, class or configuration value that this library does not run; the message names it. */
public final class UnsupportedModelException extends DiffusionException {
  private static final long serialVersionUID = 1L;

  public UnsupportedModelException(String message) {
    super(message);
  }

  public UnsupportedModelException(String message, Throwable cause) {
    super(message, cause);
  }
}
