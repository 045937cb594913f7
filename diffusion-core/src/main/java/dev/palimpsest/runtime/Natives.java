package dev.palimpsest.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.palimpsest.errors.DeviceUnavailableException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The guard around every native call of the process: calls are counted, and at the JVM's exit new
 * ones are refused, runs are stopped and the rest is waited for. Without it an exit during a call
 * kills the JVM with a SIGSEGV.
 */
final class Natives {
  private static final Natives INSTANCE = new Natives();

  @GuardedBy("this")
  private final List<Cancellation> running = new ArrayList<>();

  @GuardedBy("this")
  private int calls;

  @GuardedBy("this")
  private boolean exiting;

  @GuardedBy("this")
  private @Nullable OrtEnvironment environment;

  private Natives() {}

  /** Work inside the guard. */
  interface Call<T> {
    /**
     * @param environment the process' only one
     * @param exit cancelled when the JVM exits
     */
    T run(OrtEnvironment environment, Cancellation exit) throws OrtException;
  }

  /**
   * Runs {@code call} inside the guard. It must not call code of the library's users.
   *
   * @throws IllegalStateException if the JVM is exiting
   * @throws DeviceUnavailableException if the native library cannot be used
   */
  static <T> T call(Call<T> call) throws OrtException {
    return INSTANCE.guarded(call);
  }

  /** Frees something native; at the JVM's exit that is left to the operating system. */
  static void release(Release release) throws OrtException {
    if (INSTANCE.isExiting()) {
      return;
    }
    call(
        (environment, exit) -> {
          release.run();
          return true;
        });
  }

  /** A native destructor. */
  interface Release {
    void run() throws OrtException;
  }

  private synchronized boolean isExiting() {
    return exiting;
  }

  private <T> T guarded(Call<T> call) throws OrtException {
    var exit = new Cancellation();
    OrtEnvironment ready = enter(exit);
    try {
      return call.run(ready, exit);
    } finally {
      leave(exit);
    }
  }

  private synchronized OrtEnvironment enter(Cancellation exit) {
    if (exiting) {
      throw new IllegalStateException("the JVM is exiting; no new native work is taken");
    }
    if (environment == null) {
      environment = load();
      Runtime.getRuntime().addShutdownHook(new Thread(this::exit, "palimpsest-exit"));
    }
    calls++;
    running.add(exit);
    return environment;
  }

  private synchronized void leave(Cancellation exit) {
    calls--;
    running.remove(exit);
    notifyAll();
  }

  private void exit() {
    synchronized (this) {
      exiting = true;
      running.forEach(Cancellation::cancel);
      boolean interrupted = false;
      while (calls > 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static OrtEnvironment load() {
    Artifacts.of(Natives.class.getClassLoader()).checkOne();
    try {
      // Errors come as exceptions; the native log would repeat them on stderr.
      return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "palimpsest");
    } catch (LinkageError | RuntimeException e) {
      throw Artifacts.unloadable(e);
    }
  }
}
