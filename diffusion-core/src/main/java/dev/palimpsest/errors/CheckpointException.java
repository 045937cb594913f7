package dev.palimpsest.errors;

import java.io.IOException;

/**
 * A malformed, incomplete or foreign file. The message names the path, the tensor or field, what
 * was found and what was expected.
 */
public final class CheckpointException extends IOException {
  private static final long serialVersionUID = 1L;

  public CheckpointException(String message) {
    super(message);
  }

  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }
}
