package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.GradientRules.row;
import static dev.palimpsest.autodiff.Ops.op;
import static dev.palimpsest.autodiff.Ops.reshape;

import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;

/** Rules of convolutions, pooling and resizing. */
final class PictureRules {
  private PictureRules() {}

  static void add() {
    row("Conv", PictureRules::convInput, PictureRules::convWeight, PictureRules::channelSums);
    row(
        "ConvTranspose",
        PictureRules::transposedInput,
        PictureRules::transposedWeight,
        PictureRules::channelSums);
    row("AveragePool", PictureRules::pool);
    row("Resize", ResizeGradient::of);
  }

  private static Value convInput(Backward b) {
    return Windows.of(b, b.shape(1)).inputGradient(b.dy(), b.x(1), b.shape(0));
  }

  private static Value convWeight(Backward b) {
    return Windows.of(b, b.shape(1)).weightGradient(b.x(0), b.dy(), b.shape(1));
  }

  private static Value transposedInput(Backward b) {
    Windows windows = Windows.of(b, b.shape(1));
    return op("Conv", windows.attributes(), b.dy(), b.x(1));
  }

  /** A transposed convolution is the gradient of one; its weight sees both ends swapped. */
  private static Value transposedWeight(Backward b) {
    return Windows.of(b, b.shape(1)).weightGradient(b.dy(), b.x(0), b.shape(1));
  }

  private static Value channelSums(Backward b) {
    long[] axes = new long[b.shape(0).rank() - 1];
    Arrays.setAll(axes, i -> i == 0 ? 0 : i + 1);
    return reshape(b.dy().sum(axes), b.shape(2));
  }

  /**
   * Each mean gives its share back to its window: a repetition where windows lie side by side,
   * otherwise a transposed convolution.
   */
  private static Value pool(Backward b) {
    long[] kernel = Windows.list(b, "kernel_shape", b.shape(0).rank() - 2, 1);
    Windows windows = Windows.of(b, kernel);
    long area = Arrays.stream(kernel).reduce(1, (x, y) -> x * y);
    if (windows.tile(b.shape(0)) && kernel.length == 2 && kernel[0] == kernel[1]) {
      return b.dy().mul(1f / area).resizeNearest((int) kernel[0]);
    }
    Value shares =
        b.attributes().integer("count_include_pad", 0) == 1 || windows.unpadded()
            ? b.dy().mul(1f / area)
            : b.dy().mul(Value.constant(counts(b, windows)));
    long channels = b.shape(0).dim(1);
    long[] sizes = new long[kernel.length + 2];
    sizes[0] = channels;
    sizes[1] = 1;
    System.arraycopy(kernel, 0, sizes, 2, kernel.length);
    Value ones = Ops.fill(b.dy().dtype(), Shape.of(sizes), 1);
    return windows.grouped(channels).inputGradient(shares, ones, b.shape(0));
  }

  /** One over the number of elements, without padding, in each window. */
  private static Tensor counts(Backward b, Windows windows) {
    Shape out = b.outputShape(0);
    Shape in = b.shape(0);
    float[] values = {1};
    long[] sizes = new long[out.rank()];
    Arrays.fill(sizes, 1);
    for (int axis = 2; axis < out.rank(); axis++) {
      int length = (int) out.dim(axis);
      sizes[axis] = length;
      float[] next = new float[values.length * length];
      for (int i = 0; i < next.length; i++) {
        next[i] = values[i / length] / windows.inside(axis - 2, i % length, in.dim(axis));
      }
      values = next;
    }
    return Tensor.of(Shape.of(sizes), values).as(b.dy().dtype());
  }
}
