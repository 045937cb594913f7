package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import java.lang.management.ManagementFactory;

/**
 * What a process with a pipeline is expected to hold at most while it generates what a request asks
 * for on the CPU, in bytes, from the networks' graphs, before anything runs. docs/large-pictures.md
 * has figures of how near it comes. Immutable.
 *
 * @param width of the picture in pixels
 * @param height of the picture in pixels
 * @param tiling how the autoencoder is applied
 * @param weights of all networks, mapped files and the copies that sessions make
 * @param denoising the largest set of values that the network needs at once
 * @param decoding the same of the autoencoder: of a tile, where it works in tiles
 * @param pictures of the host: pixels on their way
 */
public record MemoryPlan(
    int width,
    int height,
    VaeTiling tiling,
    long weights,
    long denoising,
    long decoding,
    long pictures) {
  /** What a JVM with ONNX Runtime holds beside a model. */
  private static final long PROCESS = 85L << 20;

  /*
   * What an arena takes beyond its values, which grows in powers of two and keeps what was freed: a
   * share of the first 600 MiB and a smaller one of the rest. Measured on 60 MiB to 4 GiB.
   */
  private static final long SMALL = 600L << 20;
  private static final double OVER_SMALL = 0.9;
  private static final double OVER_LARGE = 0.17;

  /**
   * How much of the heap that this JVM began with lies about as garbage before it is collected.
   * Measured with the default collector; a smaller -Xms needs less.
   */
  private static final double GARBAGE = 0.4;

  /** The highest resident memory that is expected. */
  public long peak() {
    return PROCESS + garbage() + weights + values() + beyond(values()) + pictures;
  }

  private long values() {
    return denoising + decoding;
  }

  private static long beyond(long values) {
    return (long) (OVER_SMALL * Math.min(values, SMALL) + OVER_LARGE * Math.max(0, values - SMALL));
  }

  private static long garbage() {
    long initial = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getInit();
    return (long) (GARBAGE * Math.max(0, initial)); // -1 where the JVM does not tell
  }

  /**
   * This plan if it keeps a limit.
   *
   * @throws IllegalArgumentException if it does not; the message says what takes how much
   */
  MemoryPlan within(long limit) {
    checkArgument(
        peak() <= limit,
        "a picture of %sx%s needs about %s, more than the limit of %s: weights %s, values of"
            + " denoising %s and of the autoencoder (tiling %s) %s, and %s that the runtime takes"
            + " beyond them; windows, VaeTiling.EXACT or a smaller size need less",
        width,
        height,
        mebibytes(peak()),
        mebibytes(limit),
        mebibytes(weights),
        mebibytes(denoising),
        tiling,
        mebibytes(decoding),
        mebibytes(beyond(values())));
    return this;
  }

  private static String mebibytes(long bytes) {
    return (bytes >> 20) + " MiB";
  }
}
