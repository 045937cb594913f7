package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Linear combinations in float32, rounded after each product and sum as torch's kernels do. */
final class Linear {
  private static final int BLOCK = 2048;

  private Linear() {}

  /** a x + b y, a new array. */
  static float[] combine(float a, float[] x, float b, float[] y) {
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = a * x[i] + b * y[i];
    }
    return out;
  }

  /** a x + b y + c z, a new array. */
  static float[] combine(float a, float[] x, float b, float[] y, float c, float[] z) {
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = a * x[i] + b * y[i] + c * z[i];
    }
    return out;
  }

  /** from + h dx/dsigma, with the derivative at x, a new array. */
  static float[] along(float[] from, float h, float[] x, float[] x0, float sigma) {
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = from[i] + h * ((x[i] - x0[i]) / sigma);
    }
    return out;
  }

  /** dx/dsigma = (x - x0) / sigma where x = x0 + sigma epsilon. */
  static float[] derivative(float[] x, float[] x0, float sigma) {
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (x[i] - x0[i]) / sigma;
    }
    return out;
  }

  /** x += a y, in place. */
  static void add(float[] x, float a, float[] y) {
    add(x, a, y, 0, x.length);
  }

  private static void add(float[] x, float a, float[] y, int from, int to) {
    for (int i = from; i < to; i++) {
      x[i] += a * y[i];
    }
  }

  /** x = a x + b y, in place. */
  static void mix(float a, float[] x, float b, float[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] = a * x[i] + b * y[i];
    }
  }

  /** The Adams-Bashforth combination of derivatives at even distances, newest first. */
  static float[] adamsBashforth(List<float[]> derivatives) {
    double[] nodes = new double[derivatives.size()];
    Arrays.setAll(nodes, j -> -j);
    return sum(Interpolation.adamsBashforth(nodes), derivatives);
  }

  /**
   * sum w_j y_j over the first values, as many as weights; a new array. It goes block by block, so
   * that the sum so far is still in the nearest cache when the next term comes.
   */
  static float[] sum(double[] weights, List<float[]> values) {
    float[] out = new float[values.get(0).length];
    for (int from = 0; from < out.length; from += BLOCK) {
      int to = Math.min(from + BLOCK, out.length);
      for (int j = 0; j < weights.length; j++) {
        add(out, (float) weights[j], values.get(j), from, to);
      }
    }
    return out;
  }

  /** a_r x_r + b_r y_r for each row r; one pair of coefficients serves all rows. */
  static Tensor mixRows(float[] a, Tensor x, float[] b, Tensor y) {
    Shape shape = x.shape();
    checkArgument(y.shape().equals(shape), "noise has shape %s, not %s", y.shape(), shape);
    checkArgument(
        a.length == 1 || (shape.rank() > 0 && a.length == shape.dim(0)),
        "%s timesteps for a batch of shape %s",
        a.length,
        shape);
    float[] xs = x.floats();
    float[] ys = y.floats();
    float[] out = new float[xs.length];
    int row = Math.max(1, xs.length / a.length);
    for (int i = 0; i < out.length; i++) {
      out[i] = a[i / row] * xs[i] + b[i / row] * ys[i];
    }
    return Tensor.of(shape, out);
  }
}
