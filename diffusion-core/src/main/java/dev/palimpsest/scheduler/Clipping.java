package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;

/**
 * What is done to an estimate of the clean sample before it is used.
 *
 * @param kind which of the three
 * @param range the bound of {@link Kind#CLIP}
 * @param ratio the quantile of {@link Kind#DYNAMIC}, in 0..1
 * @param max the largest threshold of {@link Kind#DYNAMIC}
 */
public record Clipping(Kind kind, float range, float ratio, float max) {

  /** The kinds of clipping. */
  public enum Kind {
    NONE,
    /** To a fixed range. */
    CLIP,
    /** Dynamic thresholding (Saharia et al. 2022, section 2.3). */
    DYNAMIC
  }

  /** The estimate is used as it is. */
  public static final Clipping NONE = new Clipping(Kind.NONE, 1, 1, 1);

  /** Clips to [-range, range]. */
  public static Clipping to(double range) {
    checkArgument(range > 0, "a clipping range must be positive, was %s", range);
    return new Clipping(Kind.CLIP, (float) range, 1, 1);
  }

  /** Clips each sample to the quantile of its magnitudes, at least 1, and divides by it. */
  public static Clipping dynamic(double ratio, double max) {
    checkArgument(0 <= ratio && ratio <= 1, "a quantile must be in 0..1, was %s", ratio);
    checkArgument(max >= 1, "the largest threshold must be at least 1, was %s", max);
    return new Clipping(Kind.DYNAMIC, 1, (float) ratio, (float) max);
  }

  /** Applies this in place to {@code batch} samples that lie one after the other. */
  void apply(float[] x0, int batch) {
    switch (kind) {
      case NONE -> {}
      case CLIP -> clamp(x0, 0, x0.length, range);
      case DYNAMIC -> {
        int size = x0.length / batch;
        for (int from = 0; from < x0.length; from += size) {
          threshold(x0, from, from + size);
        }
      }
    }
  }

  private void threshold(float[] x0, int from, int to) {
    float[] magnitudes = new float[to - from];
    for (int i = from; i < to; i++) {
      magnitudes[i - from] = Math.abs(x0[i]);
    }
    Arrays.sort(magnitudes);
    float rank = ratio * (magnitudes.length - 1);
    int below = (int) rank;
    float low = magnitudes[below];
    float high = magnitudes[Math.min(below + 1, magnitudes.length - 1)];
    float s = Math.min(Math.max(low + (rank - below) * (high - low), 1), max);
    clamp(x0, from, to, s);
    for (int i = from; i < to; i++) {
      x0[i] /= s;
    }
  }

  private static void clamp(float[] x0, int from, int to, float range) {
    for (int i = from; i < to; i++) {
      x0[i] = Math.min(Math.max(x0[i], -range), range);
    }
  }
}
