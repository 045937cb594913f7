package dev.palimpsest.errors;

/** A failed native run; the message names the session, its inputs and their shapes. */
public final class InferenceException extends DiffusionException {
  private static final long serialVersionUID = 1L;

  public InferenceException(String message) {
    super(message);
  }

  public InferenceException(String message, Throwable cause) {
    super(message, cause);
  }
}
