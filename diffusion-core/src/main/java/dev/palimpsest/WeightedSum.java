package dev.palimpsest;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;

/** A weighted average of overlapping parts of pictures that are put together. One thread. */
final class WeightedSum {
  private final Shape shape;
  private final int height;
  private final int width;
  private final float[] sums;
  private final float[] weights;

  /**
   * @param shape [batch, channels, height, width] of the whole
   */
  WeightedSum(Shape shape) {
    this.shape = shape;
    this.height = (int) shape.dim(2);
    this.width = (int) shape.dim(3);
    this.sums = new float[Math.toIntExact(shape.elements())];
    this.weights = new float[height * width];
  }

  /** How much a pixel of a part counts. */
  interface Weight {
    float of(int row, int column);
  }

  /**
   * Adds a part.
   *
   * @param part float32 [batch, channels, area's height, area's width]
   */
  void add(Tensor part, Area area, Weight weight) {
    float[] values = part.floats();
    float[] row = new float[area.width()];
    int planes = (int) (shape.dim(0) * shape.dim(1));
    for (int y = 0; y < area.height(); y++) {
      int at = (area.y() + y) * width + area.x();
      for (int x = 0; x < row.length; x++) {
        row[x] = weight.of(y, x);
        weights[at + x] += row[x];
      }
      for (int plane = 0; plane < planes; plane++) {
        int to = plane * height * width + at;
        int from = (plane * area.height() + y) * row.length;
        for (int x = 0; x < row.length; x++) {
          sums[to + x] += row[x] * values[from + x];
        }
      }
    }
  }

  /** The average; where nothing was added, 0. */
  Tensor average() {
    float[] out = Arrays.copyOf(sums, sums.length);
    for (int i = 0; i < out.length; i++) {
      float weight = weights[i % weights.length];
      out[i] = weight == 0 ? 0 : out[i] / weight;
    }
    return Tensor.of(shape, out);
  }

  /** A part of a whole: float32 [batch, channels, area's height, area's width]. */
  static Tensor part(Tensor whole, Area area) {
    Shape shape = whole.shape();
    int planes = (int) (shape.dim(0) * shape.dim(1));
    int height = (int) shape.dim(2);
    int width = (int) shape.dim(3);
    if (area.height() == height && area.width() == width) {
      return whole;
    }
    float[] in = whole.floats();
    float[] out = new float[planes * area.height() * area.width()];
    for (int i = 0; i < planes * area.height(); i++) {
      int row = i / area.height() * height + area.y() + i % area.height();
      System.arraycopy(in, row * width + area.x(), out, i * area.width(), area.width());
    }
    return Tensor.of(shape.withDim(2, area.height()).withDim(3, area.width()), out);
  }
}
