package dev.palimpsest;

import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.runtime.Session;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A session that is opened when it is first used. Thread-safe; closing twice is harmless. */
final class LazySession implements AutoCloseable {
  private final Supplier<Session> opener;
  private @Nullable Session session;
  private boolean closed;

  LazySession(Supplier<Session> opener) {
    this.opener = opener;
  }

  synchronized Session get() {
    checkState(!closed, "the pipeline is closed");
    if (session == null) {
      session = opener.get();
    }
    return session;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (session != null) {
      session.close();
    }
  }
}
