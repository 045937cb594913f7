package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.palimpsest.errors.CancelledException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * A switch that stops long work, once and for all. Several calls on several threads may share one.
 * A run of a {@link Session} that holds it stops at the next operator. Thread-safe.
 */
public final class Cancellation {
  @GuardedBy("this")
  private final Set<Runnable> actions = Collections.newSetFromMap(new IdentityHashMap<>());

  private volatile boolean cancelled;

  public Cancellation() {}

  /** Stops the work that shares this object; further calls change nothing. */
  public synchronized void cancel() {
    cancelled = true;
    actions.forEach(Runnable::run);
    actions.clear();
  }

  public boolean isCancelled() {
    return cancelled;
  }

  /**
   * Returns if nobody cancelled.
   *
   * @throws CancelledException if somebody did
   */
  public void throwIfCancelled() {
    if (cancelled) {
      throw new CancelledException("cancelled");
    }
  }

  /**
   * Runs {@code action} at the cancel, at once if that was already; not after {@link #remove}
   * returned.
   */
  synchronized void add(Runnable action) {
    requireNonNull(action);
    if (cancelled) {
      action.run();
    } else {
      actions.add(action);
    }
  }

  synchronized void remove(Runnable action) {
    actions.remove(action);
  }
}
