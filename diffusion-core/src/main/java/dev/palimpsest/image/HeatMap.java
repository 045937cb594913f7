package dev.palimpsest.image;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.Color;
import java.awt.image.BufferedImage;

/** Pictures of how much there is of something at each place. */
public final class HeatMap {
  /** From least to most: black, violet, red, orange, yellow, white. */
  private static final int[] COLOURS = {0x000000, 0x3b0f70, 0xb5367a, 0xfb8861, 0xfcdc7a, 0xffffff};

  private HeatMap() {}

  /**
   * One plane, spread from its least to its greatest value.
   *
   * @param planes float32 [planes, height, width]
   * @return a picture of {@code TYPE_INT_RGB}
   */
  public static BufferedImage draw(Tensor planes, int plane, int width, int height) {
    float[] shares = shares(planes, plane, width, height);
    int[] pixels = new int[shares.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = colour(shares[i]);
    }
    return Rgb.picture(width, height, pixels);
  }

  /** {@link #draw} over a picture, at its size: gray, with the colour half over it. */
  public static BufferedImage over(Tensor planes, int plane, BufferedImage picture) {
    int[] pixels = Rgb.pixels(picture);
    float[] shares = shares(planes, plane, picture.getWidth(), picture.getHeight());
    for (int i = 0; i < pixels.length; i++) {
      int luma = Rgb.luma(pixels[i]);
      int gray = luma << 16 | luma << 8 | luma;
      pixels[i] = blend(gray, colour(shares[i]), 0.6f);
    }
    return Rgb.picture(picture.getWidth(), picture.getHeight(), pixels);
  }

  private static float[] shares(Tensor planes, int plane, int width, int height) {
    long[] size = planes.shape().toArray();
    Tensor one = planes.rows(plane, plane + 1).reshape(Shape.of(1, 1, size[1], size[2]));
    float[] values = Bilinear.resize(one, width, height).floats().clone();
    float least = Float.POSITIVE_INFINITY;
    float most = Float.NEGATIVE_INFINITY;
    for (float value : values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    float range = most > least ? most - least : 1;
    for (int i = 0; i < values.length; i++) {
      values[i] = (values[i] - least) / range;
    }
    return values;
  }

  private static int colour(float share) {
    float at = share * (COLOURS.length - 1);
    int below = Math.min((int) at, COLOURS.length - 2);
    return blend(COLOURS[below], COLOURS[below + 1], at - below);
  }

  private static int blend(int from, int to, float share) {
    float[] a = new Color(from).getRGBColorComponents(null);
    float[] b = new Color(to).getRGBColorComponents(null);
    return new Color(
                a[0] + (b[0] - a[0]) * share,
                a[1] + (b[1] - a[1]) * share,
                a[2] + (b[2] - a[2]) * share)
            .getRGB()
        & 0xffffff;
  }
}
