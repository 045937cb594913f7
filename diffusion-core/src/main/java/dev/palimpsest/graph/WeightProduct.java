package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A place where a network multiplies by one of its weights: a linear layer before its bias, or a
 * convolution. Immutable.
 *
 * @param weight the parameter: [out, in], or [out, in, kernel height, kernel width]
 * @param input what it multiplies
 * @param output what the network has there
 * @param bias of a convolution, [out]; null for none, and for linear layers, which add it later
 * @param node the convolution or the matrix product
 */
public record WeightProduct(
    Value weight, Value input, Value output, @Nullable Value bias, Node node) {

  /** The parameter's name, such as {@code mid_block.resnets.0.conv1.weight}. */
  public String name() {
    return requireNonNull(weight.name());
  }

  public boolean isConvolution() {
    return node.name().equals("Conv");
  }

  /** The same product, without a bias, of another weight: as many inputs, any number of outputs. */
  public Value times(Value other) {
    return isConvolution()
        ? Node.apply("Conv", node.attributes(), List.of(input, other)).get(0)
        : input.linear(other, null);
  }

  /** The product that a node whose inputs are rewritten is; null if it is none. */
  static @Nullable WeightProduct of(Graph.Rewriting rewriting) {
    Node node = rewriting.node();
    List<@Nullable Value> in = rewriting.inputs();
    Value weight =
        switch (node.name()) {
          case "Conv" -> in.get(1);
          case "MatMul" -> transposed(in.get(1));
          default -> null;
        };
    if (weight == null || !weight.isParameter()) {
      return null;
    }
    Value output = node.operator().apply(in, node.attributes()).get(0);
    Value bias = node.name().equals("Conv") && in.size() > 2 ? in.get(2) : null;
    return new WeightProduct(weight, requireNonNull(in.get(0)), output, bias, node);
  }

  /** What the value is the transpose of; null if it is none. */
  private static @Nullable Value transposed(@Nullable Value value) {
    Node node = value == null ? null : value.node();
    boolean swaps =
        node != null
            && node.name().equals("Transpose")
            && List.of(1L, 0L).equals(node.attributes().integers("perm"));
    return swaps ? requireNonNull(node).inputs().get(0) : null;
  }
}
