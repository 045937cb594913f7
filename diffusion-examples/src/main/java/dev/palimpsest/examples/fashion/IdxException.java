package dev.palimpsest.examples.fashion;

import java.io.IOException;
import java.nio.file.Path;

/** An IDX file is not what it should be. */
public final class IdxException extends IOException {
  private static final long serialVersionUID = 1;

  IdxException(Path file, String message) {
    super(file + ": " + message);
  }

  IdxException(Path file, String message, Throwable cause) {
    super(file + ": " + message, cause);
  }
}
