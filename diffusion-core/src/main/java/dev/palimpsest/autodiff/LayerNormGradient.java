package dev.palimpsest.autodiff;

import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rule of layer normalisation as {@link Value#layerNorm} writes it. */
final class LayerNormGradient {
  private LayerNormGradient() {}

  /** x, weight and bias; then the normalised x and its standard deviation. */
  static @Nullable List<@Nullable Value> inputs(Node last) {
    Node scaled = producer(last.inputs().get(0), "Mul");
    Node divided = scaled == null ? null : producer(scaled.inputs().get(0), "Div");
    Value centred = divided == null ? null : divided.inputs().get(0);
    Node difference = producer(centred, "Sub");
    Value x = difference == null ? null : difference.inputs().get(0);
    if (scaled == null || divided == null || centred == null || difference == null || x == null) {
      return null;
    }
    Value weight = scaled.inputs().get(1);
    Value bias = last.inputs().get(1);
    Value deviation = divided.inputs().get(1);
    boolean matches =
        isMean(difference.inputs().get(1), x)
            && isDeviation(deviation, centred)
            && isOneEach(weight, x)
            && isOneEach(bias, x);
    return matches ? Arrays.asList(x, weight, bias, divided.outputs().get(0), deviation) : null;
  }

  private static boolean isOneEach(@Nullable Value value, Value x) {
    return value != null && value.dims().rank() == 1 && value.dim(0).equals(x.dim(-1));
  }

  private static @Nullable Node producer(@Nullable Value value, String operator) {
    Node node = value == null ? null : value.node();
    return node != null && node.name().equals(operator) ? node : null;
  }

  private static boolean same(@Nullable Value a, Value b) {
    return a != null && Gradients.canonical(a) == Gradients.canonical(b);
  }

  /** Whether it is the mean of {@code x} over the last axis. */
  private static boolean isMean(@Nullable Value value, Value x) {
    Node mean = producer(value, "ReduceMean");
    if (mean == null || mean.inputs().size() < 2 || !same(mean.inputs().get(0), x)) {
      return false;
    }
    Value axes = mean.inputs().get(1);
    long[] numbers = axes == null ? null : axes.integers();
    return numbers != null
        && numbers.length == 1
        && (numbers[0] == -1 || numbers[0] == x.dims().rank() - 1)
        && mean.attributes().integer("keepdims", 1) == 1;
  }

  /** Whether it is √(mean of the squares + ε). */
  private static boolean isDeviation(@Nullable Value value, Value centred) {
    Node root = producer(value, "Sqrt");
    Node sum = root == null ? null : producer(root.inputs().get(0), "Add");
    Value variance = sum == null ? null : sum.inputs().get(0);
    Value epsilon = sum == null ? null : sum.inputs().get(1);
    Tensor constant = epsilon == null ? null : epsilon.constant();
    Node mean = producer(variance, "ReduceMean");
    Value square = mean == null ? null : mean.inputs().get(0);
    Node product = producer(square, "Mul");
    return constant != null
        && constant.elements() == 1
        && product != null
        && square != null
        && same(product.inputs().get(0), centred)
        && same(product.inputs().get(1), centred)
        && isMean(variance, square);
  }

  static Value input(Backward b) {
    Shape shape = b.shape(0);
    long width = shape.dim(shape.rank() - 1);
    Value weight = b.x(1);
    Value column = Ops.times(weight, 1.0 / width).reshape(width, 1);
    // Means over the width as products with the weight.
    Value mean = b.dy().matmul(column);
    Value along = along(b).matmul(column);
    Value n = b.x(3);
    return b.dy().mul(weight).sub(mean.add(n.mul(along))).div(b.x(4));
  }

  /** dy·n. */
  private static Value along(Backward b) {
    return b.once("along", () -> b.dy().mul(b.x(3)));
  }

  static Value weight(Backward b) {
    return along(b);
  }
}
