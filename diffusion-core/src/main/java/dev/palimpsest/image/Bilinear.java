package dev.palimpsest.image;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/**
 * Bilinear resizing of float planes, without antialiasing, as torch's interpolate(mode="bilinear",
 * align_corners=False).
 */
public final class Bilinear {
  private Bilinear() {}

  /** float32 [batch, channels, height, width] at another size. */
  public static Tensor resize(Tensor planes, int width, int height) {
    Shape shape = planes.shape();
    int fromHeight = (int) shape.dim(2);
    int fromWidth = (int) shape.dim(3);
    int count = (int) (shape.dim(0) * shape.dim(1));
    float[] in = planes.floats();
    float[] out = new float[Math.toIntExact((long) count * width * height)];
    for (int y = 0; y < height; y++) {
      float fromY = source(y, fromHeight, height);
      int top = (int) fromY;
      int bottom = Math.min(top + 1, fromHeight - 1);
      for (int x = 0; x < width; x++) {
        float fromX = source(x, fromWidth, width);
        int left = (int) fromX;
        int right = Math.min(left + 1, fromWidth - 1);
        for (int plane = 0; plane < count; plane++) {
          int at = plane * fromHeight * fromWidth;
          float above = mix(in, at + top * fromWidth + left, at + top * fromWidth + right, fromX);
          float below =
              mix(in, at + bottom * fromWidth + left, at + bottom * fromWidth + right, fromX);
          out[(plane * height + y) * width + x] = above + (fromY - top) * (below - above);
        }
      }
    }
    return Tensor.of(shape.withDim(2, height).withDim(3, width), out);
  }

  /** Where a pixel's centre lies among the source's centres. */
  private static float source(int at, int from, int to) {
    return Math.max(0, (at + 0.5f) * ((float) from / to) - 0.5f);
  }

  private static float mix(float[] in, int left, int right, float position) {
    float share = position - (int) position;
    return in[left] + share * (in[right] - in[left]);
  }
}
