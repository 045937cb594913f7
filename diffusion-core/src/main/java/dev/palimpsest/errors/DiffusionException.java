package dev.palimpsest.errors;

/**
 * The base of the unchecked exceptions of this library.
 *
 * <p>Wrong arguments are {@link IllegalArgumentException} at the call that passed them; malformed
 * or foreign files are the checked {@link CheckpointException}.
 */
public abstract class DiffusionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DiffusionException(String message) {
    super(message);
  }

  DiffusionException(String message, Throwable cause) {
    super(message, cause);
  }
}
