package dev.palimpsest.model;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;

/** A stack of pictures of one size, batch and channels together, whose pixels may change. */
final class Planes {
  private final Shape shape;
  private final float[] data;

  private Planes(Shape shape, float[] data) {
    this.shape = shape;
    this.data = data;
  }

  /** A copy of [batch, channels, height, width]. */
  static Planes of(Tensor tensor) {
    return new Planes(tensor.shape(), tensor.floats().clone());
  }

  Tensor toTensor() {
    return Tensor.of(shape, data);
  }

  int height() {
    return Math.toIntExact(shape.dim(2));
  }

  int width() {
    return Math.toIntExact(shape.dim(3));
  }

  int count() {
    return Math.toIntExact(shape.dim(0) * shape.dim(1));
  }

  int at(int plane, int y, int x) {
    return (plane * height() + y) * width() + x;
  }

  private static Planes empty(Shape shape) {
    return new Planes(shape, new float[Math.toIntExact(shape.elements())]);
  }

  /** The square of {@code size} from there, or what of it lies inside. */
  Planes part(int y, int x, int size) {
    int high = Math.min(size, height() - y);
    int wide = Math.min(size, width() - x);
    Planes out = empty(shape.withDim(2, high).withDim(3, wide));
    for (int plane = 0; plane < count(); plane++) {
      for (int row = 0; row < high; row++) {
        System.arraycopy(data, at(plane, y + row, x), out.data, out.at(plane, row, 0), wide);
      }
    }
    return out;
  }

  private void put(Planes part, int y, int x) {
    for (int plane = 0; plane < count(); plane++) {
      for (int row = 0; row < part.height(); row++) {
        int from = part.at(plane, row, 0);
        System.arraycopy(part.data, from, data, at(plane, y + row, x), part.width());
      }
    }
  }

  static Planes beside(List<Planes> parts) {
    long width = parts.stream().mapToLong(Planes::width).sum();
    Planes out = empty(parts.get(0).shape.withDim(3, width));
    int x = 0;
    for (Planes part : parts) {
      out.put(part, 0, x);
      x += part.width();
    }
    return out;
  }

  static Planes below(List<Planes> parts) {
    long height = parts.stream().mapToLong(Planes::height).sum();
    Planes out = empty(parts.get(0).shape.withDim(2, height));
    int y = 0;
    for (Planes part : parts) {
      out.put(part, y, 0);
      y += part.height();
    }
    return out;
  }

  /** Fades from the last rows of {@code above} into the first ones of this. */
  void blendBelow(Planes above, int extent) {
    int rows = Math.min(extent, Math.min(above.height(), height()));
    for (int plane = 0; plane < count(); plane++) {
      for (int y = 0; y < rows; y++) {
        int from = above.at(plane, above.height() - rows + y, 0);
        int to = at(plane, y, 0);
        for (int x = 0; x < width(); x++) {
          data[to + x] = mix(above.data[from + x], data[to + x], y, rows);
        }
      }
    }
  }

  /** Fades from the last columns of {@code left} into the first ones of this. */
  void blendRightOf(Planes left, int extent) {
    int columns = Math.min(extent, Math.min(left.width(), width()));
    for (int plane = 0; plane < count(); plane++) {
      for (int y = 0; y < height(); y++) {
        int from = left.at(plane, y, left.width() - columns);
        int to = at(plane, y, 0);
        for (int x = 0; x < columns; x++) {
          data[to + x] = mix(left.data[from + x], data[to + x], x, columns);
        }
      }
    }
  }

  private static float mix(float a, float b, int step, int steps) {
    double part = step / (double) steps;
    return a * (float) (1 - part) + b * (float) part;
  }
}
