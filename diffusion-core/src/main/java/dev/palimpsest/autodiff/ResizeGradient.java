package dev.palimpsest.autodiff;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/**
 * The rule of Resize. Repetition by a whole factor gives sums of windows; any other nearest or
 * linear resizing is a product with one matrix an axis.
 */
final class ResizeGradient {
  private final Attributes attributes;
  private final String mode;
  private final String coordinates;

  private ResizeGradient(Backward b) {
    this.attributes = b.attributes();
    this.mode = attributes.string("mode", "nearest");
    this.coordinates = attributes.string("coordinate_transformation_mode", "half_pixel");
    boolean plain = attributes.integer("antialias", 0) == 0 && attributes.integers("axes") == null;
    if (!plain || !(mode.equals("nearest") || mode.equals("linear"))) {
      throw b.unsupported("mode " + mode + "; nearest and linear, without antialias, have rules");
    }
  }

  static Value of(Backward b) {
    var rule = new ResizeGradient(b);
    Shape in = b.shape(0);
    Shape out = b.outputShape(0);
    Value dx = b.dy();
    long factor = in.rank() == 4 ? out.dim(2) / in.dim(2) : 0;
    if (rule.repeats(b, factor)) {
      return dx.averagePool((int) factor, (int) factor).mul(factor * factor);
    }
    for (int axis = 0; axis < in.rank(); axis++) {
      if (in.dim(axis) != out.dim(axis)) {
        dx = product(dx, axis, Value.constant(rule.matrix(b, axis).as(dx.dtype())));
      }
    }
    return dx;
  }

  private boolean repeats(Backward b, long factor) {
    Shape in = b.shape(0);
    Shape out = b.outputShape(0);
    boolean whole = factor >= 1 && in.dim(0) == out.dim(0) && in.dim(1) == out.dim(1);
    for (int axis = 2; whole && axis < 4; axis++) {
      whole = out.dim(axis) == factor * in.dim(axis);
      for (long i = 0; whole && i < out.dim(axis); i++) {
        whole = mode.equals("nearest") && nearest(place(b, axis, i), in.dim(axis)) == i / factor;
      }
    }
    return whole;
  }

  /** The gradient along one axis: what each element of the input gave to the outputs. */
  private static Value product(Value dy, int axis, Value matrix) {
    int last = dy.shape().rank() - 1;
    if (axis == last) {
      return dy.matmul(matrix);
    }
    long[] permutation = new long[last + 1];
    for (int i = 0; i <= last; i++) {
      permutation[i] = i == axis ? last : i == last ? axis : i;
    }
    return dy.transpose(permutation).matmul(matrix).transpose(permutation);
  }

  /** [out, in]: the weights with which an axis' elements make the resized ones. */
  private Tensor matrix(Backward b, int axis) {
    int in = (int) b.shape(0).dim(axis);
    int out = (int) b.outputShape(0).dim(axis);
    float[] weights = new float[in * out];
    for (int i = 0; i < out; i++) {
      double x = place(b, axis, i);
      if (mode.equals("nearest")) {
        weights[(int) (i * in + nearest(x, in))] += 1;
      } else {
        double clamped = Math.max(0, Math.min(in - 1, x));
        int low = (int) Math.floor(clamped);
        int high = Math.min(in - 1, low + 1);
        weights[i * in + low] += (float) (1 - (clamped - low));
        weights[i * in + high] += (float) (clamped - low);
      }
    }
    return Tensor.of(Shape.of(out, in), weights);
  }

  /** Where an element of the output lies in the input. */
  private double place(Backward b, int axis, long index) {
    double in = b.shape(0).dim(axis);
    double out = b.outputShape(0).dim(axis);
    double scale = scale(b, axis);
    return switch (coordinates) {
      case "asymmetric" -> index / scale;
      case "half_pixel" -> (index + 0.5) / scale - 0.5;
      case "pytorch_half_pixel" -> out > 1 ? (index + 0.5) / scale - 0.5 : 0;
      case "align_corners" -> out > 1 ? index * (in - 1) / (out - 1) : 0;
      default -> throw b.unsupported("coordinate_transformation_mode " + coordinates);
    };
  }

  private static double scale(Backward b, int axis) {
    Tensor scales = b.has(2) ? b.input(2).constant() : null;
    return scales == null || scales.elements() == 0
        ? (double) b.outputShape(0).dim(axis) / b.shape(0).dim(axis)
        : scales.floats()[axis];
  }

  private long nearest(double x, long size) {
    double rounded =
        switch (attributes.string("nearest_mode", "round_prefer_floor")) {
          case "floor" -> Math.floor(x);
          case "ceil" -> Math.ceil(x);
          case "round_prefer_ceil" -> Math.floor(x + 0.5);
          default -> Math.ceil(x - 0.5);
        };
    return (long) Math.max(0, Math.min(size - 1, rounded));
  }
}
