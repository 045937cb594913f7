package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.DType;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A graph as ONNX Runtime opens it with the least time and memory: weights in the types in which
 * they are stored, and products with a transposed weight as one operator that reads the weight as
 * it lies. (A Transpose would be folded into a second copy of the weight when the session opens.)
 */
final class Lowering {
  private static final List<Long> SWAP = List.of(1L, 0L);

  private final Map<String, DType> stored;
  private final Winograd winograd;

  /**
   * @param stored the types in which weights are stored, by name
   * @param usualSizes what the graph's symbols mostly stand for, as far as that is known
   */
  Lowering(Map<String, DType> stored, Map<String, Long> usualSizes) {
    this.stored = stored;
    this.winograd = new Winograd(usualSizes);
  }

  Graph apply(Graph graph) {
    return graph.rewrite(this::leaf, this::node);
  }

  private @Nullable List<Value> node(Graph.Rewriting rewriting) {
    List<Value> product = product(rewriting);
    return product == null ? winograd.apply(rewriting) : product;
  }

  private Value leaf(Value leaf) {
    DType type = leaf.isParameter() ? stored.get(requireNonNull(leaf.name())) : null;
    return type == null || type == leaf.dtype()
        ? leaf
        : Value.parameter(requireNonNull(leaf.name()), type, leaf.shape()).cast(leaf.dtype());
  }

  private @Nullable List<Value> product(Graph.Rewriting rewriting) {
    if (!rewriting.node().operator().name().equals("MatMul")) {
      return null;
    }
    Value left = requireNonNull(rewriting.inputs().get(0));
    Value weight = untransposed(requireNonNull(rewriting.inputs().get(1)));
    // The processor's kernel of the fused operator is for float32 only.
    return weight == null || weight.dtype() != DType.FLOAT32
        ? null
        : Operators.get(Operators.MICROSOFT, "FusedMatMul")
            .apply(List.of(left, weight), Attributes.NONE.with("transB", 1L));
  }

  /** The weight whose transpose this is, or null. */
  private static @Nullable Value untransposed(Value value) {
    Node transpose = node(value, "Transpose");
    if (transpose == null || !SWAP.equals(transpose.attributes().integers("perm"))) {
      return null;
    }
    Value weight = requireNonNull(transpose.inputs().get(0));
    Node cast = node(weight, "Cast");
    boolean isWeight =
        weight.isParameter()
            || (cast != null && requireNonNull(cast.inputs().get(0)).isParameter());
    return isWeight ? weight : null;
  }

  private static @Nullable Node node(Value value, String operator) {
    return value.origin() instanceof Node
            && ((Node) value.origin()).operator().name().equals(operator)
        ? (Node) value.origin()
        : null;
  }
}
