package dev.palimpsest.runtime;

import static com.google.common.base.Preconditions.checkArgument;

/** Where sessions compute. Immutable. */
public final class Device {
  private final int threads;

  private Device(int threads) {
    this.threads = threads;
  }

  /** The processor, with as many threads as the JVM sees processors. */
  public static Device cpu() {
    return cpu(Runtime.getRuntime().availableProcessors());
  }

  /**
   * The processor.
   *
   * @param threads threads of each session, the calling one included; results are reproducible to
   *     the byte for the same number
   */
  public static Device cpu(int threads) {
    checkArgument(threads >= 1, "threads must be >= 1, was %s", threads);
    return new Device(threads);
  }

  public boolean isCuda() {
    return false;
  }

  int threads() {
    return threads;
  }

  /** The kind and its number, such as {@code cpu(8)} or {@code cuda(0)}. */
  public String name() {
    return "cpu(" + threads + ")";
  }

  @Override
  public String toString() {
    return name();
  }
}
