package dev.palimpsest;

import static com.google.common.base.Preconditions.checkState;

import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Whether a pipeline is open, and what runs on it: a number of generations at once; closing waits
 * for them. Thread-safe.
 */
final class OpenState {
  private final ReentrantReadWriteLock lifecycle = new ReentrantReadWriteLock();
  private final Semaphore permits;
  private boolean closed; // written under the write lock

  /**
   * @param maxConcurrent generations at once; others wait
   */
  OpenState(int maxConcurrent) {
    this.permits = new Semaphore(maxConcurrent, true);
  }

  /**
   * Runs a generation.
   *
   * @throws IllegalStateException if the pipeline is closed
   */
  <T> T run(Supplier<T> work) {
    lifecycle.readLock().lock();
    try {
      checkState(!closed, "the pipeline is closed");
      permits.acquireUninterruptibly();
      try {
        return work.get();
      } finally {
        permits.release();
      }
    } finally {
      lifecycle.readLock().unlock();
    }
  }

  /** Waits for what runs, then closes; the second time it does nothing. */
  void close(Runnable closing) {
    checkState(
        lifecycle.getReadHoldCount() == 0, "a pipeline cannot be closed by its own listener");
    lifecycle.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        closing.run();
      }
    } finally {
      lifecycle.writeLock().unlock();
    }
  }
}
