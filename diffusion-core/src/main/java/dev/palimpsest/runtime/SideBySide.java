package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;

import com.google.common.base.Throwables;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Tasks done by several threads at once. */
public final class SideBySide {
  private SideBySide() {}

  /**
   * The results in the order of the tasks. After the first failure, what has not begun never does.
   *
   * @throws IOException if a task throws one; unchecked exceptions of tasks are passed on as well
   */
  public static <T> List<T> run(int threads, Collection<Callable<T>> tasks) throws IOException {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      var futures = new ArrayList<Future<T>>();
      tasks.forEach(task -> futures.add(executor.submit(task)));
      var results = new ArrayList<T>();
      for (Future<T> future : futures) {
        results.add(await(future));
      }
      return results;
    } finally {
      executor.shutdownNow();
    }
  }

  private static <T> T await(Future<T> future) throws IOException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      Throwable cause = requireNonNull(e.getCause());
      Throwables.throwIfInstanceOf(cause, IOException.class);
      Throwables.throwIfUnchecked(cause);
      throw new IllegalStateException(cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
