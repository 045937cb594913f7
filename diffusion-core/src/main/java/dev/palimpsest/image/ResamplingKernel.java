package dev.palimpsest.image;

import java.util.function.DoubleUnaryOperator;

/**
 * The weights of one side's resizing: each output position is a weighted sum of neighbouring input
 * positions, in fixed point.
 */
final class ResamplingKernel {
  /** 32 bits less 8 of the sample and 2 for weights beyond 1 and the sign. */
  private static final int PRECISION = 32 - 8 - 2;

  private static final int HALF = 1 << (PRECISION - 1);

  private final int from;
  private final int to;
  private final int[] first; // [to]: the first input position that counts
  private final int[][] weights; // [to][positions]

  ResamplingKernel(int from, int to, double support, DoubleUnaryOperator filter) {
    this.from = from;
    this.to = to;
    first = new int[to];
    weights = new int[to][];
    double scale = (double) from / to;
    double stretch = Math.max(scale, 1);
    double reach = support * stretch;
    for (int i = 0; i < to; i++) {
      double center = (i + 0.5) * scale;
      first[i] = Math.max(0, (int) (center - reach + 0.5));
      int end = Math.min(from, (int) (center + reach + 0.5));
      double[] exact = new double[end - first[i]];
      double sum = 0;
      for (int k = 0; k < exact.length; k++) {
        exact[k] = filter.applyAsDouble((k + first[i] - center + 0.5) * (1 / stretch));
        sum += exact[k];
      }
      weights[i] = fixedPoint(exact, sum);
    }
  }

  /** {@code pixels} [rows][from] to [rows][to]. */
  int[] alongRows(int[] pixels, int rows) {
    if (from == to) {
      return pixels;
    }
    int[] out = new int[Math.multiplyExact(rows, to)];
    for (int y = 0; y < rows; y++) {
      for (int x = 0; x < to; x++) {
        int start = y * from + first[x];
        int red = HALF;
        int green = HALF;
        int blue = HALF;
        int[] w = weights[x];
        for (int k = 0; k < w.length; k++) {
          int pixel = pixels[start + k];
          red += w[k] * ((pixel >>> 16) & 0xff);
          green += w[k] * ((pixel >>> 8) & 0xff);
          blue += w[k] * (pixel & 0xff);
        }
        out[y * to + x] = clip(red) << 16 | clip(green) << 8 | clip(blue);
      }
    }
    return out;
  }

  /** {@code pixels} [from][columns] to [to][columns]. */
  int[] alongColumns(int[] pixels, int columns) {
    if (from == to) {
      return pixels;
    }
    int[] out = new int[Math.multiplyExact(to, columns)];
    for (int y = 0; y < to; y++) {
      int[] w = weights[y];
      for (int x = 0; x < columns; x++) {
        int red = HALF;
        int green = HALF;
        int blue = HALF;
        for (int k = 0; k < w.length; k++) {
          int pixel = pixels[(first[y] + k) * columns + x];
          red += w[k] * ((pixel >>> 16) & 0xff);
          green += w[k] * ((pixel >>> 8) & 0xff);
          blue += w[k] * (pixel & 0xff);
        }
        out[y * columns + x] = clip(red) << 16 | clip(green) << 8 | clip(blue);
      }
    }
    return out;
  }

  private static int[] fixedPoint(double[] exact, double sum) {
    int[] fixed = new int[exact.length];
    for (int k = 0; k < exact.length; k++) {
      double scaled = (sum == 0 ? exact[k] : exact[k] / sum) * (1 << PRECISION);
      fixed[k] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    return fixed;
  }

  private static int clip(int sum) {
    return Math.max(0, Math.min(255, sum >> PRECISION));
  }
}
