package dev.palimpsest.image;

import static com.google.common.base.Preconditions.checkArgument;

import java.awt.image.BufferedImage;
import java.util.function.DoubleUnaryOperator;

/**
 * The filters for resizing a picture, with Pillow's numbers: the result equals {@code
 * Image.resize(size, filter)} in every bit.
 *
 * <p>Source: src/libImaging/Resample.c of Pillow 13. One pass along the rows and one along the
 * columns, each rounded to 8 bits; when a side shrinks the filter is widened by the ratio
 * (antialiasing). Pillow 12 and older always take the rows first, which moves some values by 1 to 9
 * when the height shrinks much more than the width.
 */
public enum Resampling {
  /** The nearest pixel, without antialiasing. */
  NEAREST(0, x -> 0),
  BILINEAR(1, x -> Math.max(0, 1 - Math.abs(x))),
  /** Keys' cubic with a = -0.5. */
  BICUBIC(2, Resampling::cubic),
  /** The sinc windowed by a sinc three times as wide. What diffusers resizes pictures with. */
  LANCZOS(3, x -> Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);

  private final double support;
  private final DoubleUnaryOperator filter;

  Resampling(double support, DoubleUnaryOperator filter) {
    this.support = support;
    this.filter = filter;
  }

  /**
   * The picture at another size; alpha is dropped.
   *
   * @return a picture of {@code TYPE_INT_RGB}; the argument itself if it is one of that size
   */
  public BufferedImage resize(BufferedImage image, int width, int height) {
    checkArgument(
        width > 0 && height > 0 && (long) width * height <= Integer.MAX_VALUE / 4,
        "cannot resize a picture to %sx%s",
        width,
        height);
    int fromWidth = image.getWidth();
    int fromHeight = image.getHeight();
    if (width == fromWidth
        && height == fromHeight
        && image.getType() == BufferedImage.TYPE_INT_RGB) {
      return image;
    }
    int[] pixels = Rgb.pixels(image);
    if (this == NEAREST) {
      return Rgb.picture(width, height, nearest(pixels, fromWidth, fromHeight, width, height));
    }
    var rows = new ResamplingKernel(fromWidth, width, support, filter);
    var columns = new ResamplingKernel(fromHeight, height, support, filter);
    if (columnsFirst(fromWidth - width, fromHeight - height)) {
      pixels = rows.alongRows(columns.alongColumns(pixels, fromWidth), height);
    } else {
      pixels = columns.alongColumns(rows.alongRows(pixels, fromHeight), width);
    }
    return Rgb.picture(width, height, pixels);
  }

  /** Pillow 13's choice of the cheaper order, which shows in the rounding between the passes. */
  private static boolean columnsFirst(int fewerColumns, int fewerRows) {
    return fewerRows > 0 && fewerRows > 2L * fewerColumns;
  }

  private static int[] nearest(int[] pixels, int fromWidth, int fromHeight, int width, int height) {
    int[] columns = nearest(fromWidth, width);
    int[] rows = nearest(fromHeight, height);
    int[] out = new int[width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        out[y * width + x] = pixels[rows[y] * fromWidth + columns[x]];
      }
    }
    return out;
  }

  /** The source of each position; summed up, not multiplied, because Pillow rounds that way. */
  private static int[] nearest(int from, int to) {
    int[] sources = new int[to];
    double step = (double) from / to;
    double at = step * 0.5;
    for (int i = 0; i < to; i++, at += step) {
      sources[i] = Math.min((int) at, from - 1);
    }
    return sources;
  }

  private static double cubic(double x) {
    double a = -0.5;
    double t = Math.abs(x);
    if (t < 1) {
      return ((a + 2) * t - (a + 3)) * t * t + 1;
    }
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
  }

  private static double sinc(double x) {
    if (x == 0) {
      return 1;
    }
    double t = x * Math.PI;
    return Math.sin(t) / t;
  }
}
