package dev.palimpsest.examples.car.study;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Statistics of a picture's pixels from which the colour of the car in its middle is told: means
 * over the middle, each pixel weighted by how far its colour is from those of the picture's upper
 * and lower rows, and quantiles there; then the means of those rows, which tell the light.
 *
 * <p>Colours are CIE L*a*b* (CIE 15, sRGB primaries, D65).
 */
final class PaintStatistics {
  private static final double[][] TO_XYZ = {
    {0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505},
    {0.2126, 0.7152, 0.0722},
    {0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089}
  };
  private static final double[] LIGHTNESS = {0.2, 0.5, 0.8, 0.92};
  private static final double[] CHROMA = {0.2, 0.5, 0.8};

  private final double[][][] lab;
  private final int height;
  private final int width;

  private PaintStatistics(BufferedImage picture) {
    height = picture.getHeight();
    width = picture.getWidth();
    lab = new double[height][width][];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        lab[y][x] = lab(picture.getRGB(x, y));
      }
    }
  }

  /** The statistics of a picture. */
  static double[] of(BufferedImage picture) {
    return new PaintStatistics(picture).all();
  }

  private double[] all() {
    double[] above = mean(pixels(0, 0.1, 0, 1), pixel -> 1);
    double[] below = mean(pixels(0.9, 1, 0, 1), pixel -> 1);
    List<double[]> middle = pixels(0.34, 0.72, 0.22, 0.78);
    ToDoubleFunction<double[]> apart =
        pixel -> Math.min(distance(pixel, above), distance(pixel, below)) + 1e-6;
    double dark = quantile(middle, 0, 0.4);
    var values = new ArrayList<double[]>();
    values.add(mean(middle, apart));
    values.add(mean(middle, pixel -> pixel[0] > dark ? apart.applyAsDouble(pixel) : 1e-6));
    values.add(
        mean(middle, pixel -> Math.hypot(pixel[1], pixel[2]) * apart.applyAsDouble(pixel) + 1e-6));
    values.add(Arrays.stream(LIGHTNESS).map(share -> quantile(middle, 0, share)).toArray());
    values.add(Arrays.stream(CHROMA).map(share -> quantile(middle, 1, share)).toArray());
    values.add(Arrays.stream(CHROMA).map(share -> quantile(middle, 2, share)).toArray());
    values.add(above);
    values.add(below);
    return values.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  /** The pixels of a rectangle whose sides are parts of the picture's. */
  private List<double[]> pixels(double top, double bottom, double left, double right) {
    var pixels = new ArrayList<double[]>();
    for (int y = (int) (top * height); y < (int) Math.round(bottom * height); y++) {
      for (int x = (int) (left * width); x < (int) Math.round(right * width); x++) {
        pixels.add(lab[y][x]);
      }
    }
    return pixels;
  }

  private static double[] mean(List<double[]> pixels, ToDoubleFunction<double[]> weight) {
    double[] sum = new double[3];
    double all = 0;
    for (double[] pixel : pixels) {
      double own = weight.applyAsDouble(pixel);
      all += own;
      for (int i = 0; i < 3; i++) {
        sum[i] += own * pixel[i];
      }
    }
    double total = all;
    return Arrays.stream(sum).map(value -> value / total).toArray();
  }

  private static double quantile(List<double[]> pixels, int channel, double share) {
    double[] sorted = pixels.stream().mapToDouble(pixel -> pixel[channel]).sorted().toArray();
    return sorted[(int) (share * (sorted.length - 1))];
  }

  private static double distance(double[] one, double[] other) {
    return Math.sqrt(
        Math.pow(one[0] - other[0], 2)
            + Math.pow(one[1] - other[1], 2)
            + Math.pow(one[2] - other[2], 2));
  }

  private static double[] lab(int rgb) {
    double[] linear = {
      linear(rgb >> 16 & 255), linear(rgb >> 8 & 255), linear(rgb & 255),
    };
    double[] xyz = new double[3];
    for (int i = 0; i < 3; i++) {
      double sum = 0;
      for (int k = 0; k < 3; k++) {
        sum += TO_XYZ[i][k] * linear[k];
      }
      xyz[i] = sum > 0.008856 ? Math.cbrt(sum) : 7.787 * sum + 16.0 / 116;
    }
    return new double[] {116 * xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])};
  }

  private static double linear(int value) {
    double part = value / 255.0;
    return part > 0.04045 ? Math.pow((part + 0.055) / 1.055, 2.4) : part / 12.92;
  }
}
