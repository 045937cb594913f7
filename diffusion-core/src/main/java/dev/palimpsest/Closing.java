package dev.palimpsest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Closes several things, last opened first; a failure does not keep the others open. */
final class Closing {
  private Closing() {}

  static void all(List<? extends AutoCloseable> opened) {
    @Nullable RuntimeException first = null;
    for (int i = opened.size() - 1; i >= 0; i--) {
      try {
        opened.get(i).close();
      } catch (Exception e) {
        RuntimeException failure =
            e instanceof RuntimeException ? (RuntimeException) e : new IllegalStateException(e);
        if (first == null) {
          first = failure;
        } else {
          first.addSuppressed(failure);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
