package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A graph as ONNX Runtime opens it with the least time and memory: weights in the types in which
 * they are stored, products with a transposed weight as one operator that reads the weight as it
 * lies (a Transpose would be folded into a second copy of the weight when the session opens),
 * transposed convolutions with turned kernels, and sums of rows as products.
 */
final class Lowering {
  private static final List<Long> SWAP = List.of(1L, 0L);
  private static final Attributes TRANSPOSED = Attributes.NONE.with("transB", 1L);

  private final Map<String, DType> stored;
  private final Winograd winograd;
  private final Set<String> kept;

  /**
   * @param stored the types in which weights are stored, by name
   * @param usualSizes what the graph's symbols mostly stand for, as far as that is known
   * @param kept weights of which no kernels are turned, by name
   */
  Lowering(Map<String, DType> stored, Map<String, Long> usualSizes, Set<String> kept) {
    this.stored = stored;
    this.kept = kept;
    this.winograd = new Winograd(usualSizes);
  }

  Graph apply(Graph graph) {
    return graph.rewrite(this::leaf, this::node);
  }

  private @Nullable List<Value> node(Graph.Rewriting rewriting) {
    return switch (rewriting.node().operator().name()) {
      case "MatMul" -> product(rewriting);
      case "Add" -> biased(rewriting);
      case "Conv" -> winograd.apply(rewriting);
      case "ConvTranspose" -> isKept(rewriting.inputs().get(1)) ? null : turned(rewriting);
      case "ReduceSum" -> sumOfRows(rewriting);
      default -> null;
    };
  }

  /** A transposed convolution as a convolution with turned kernels, itself lowered. */
  private @Nullable List<Value> turned(Graph.Rewriting rewriting) {
    List<Value> turned = TurnedKernels.apply(rewriting);
    if (turned == null) {
      return null;
    }
    var convolution = (Node) turned.get(0).origin();
    List<Value> split = winograd.apply(new Graph.Rewriting(convolution, convolution.inputs()));
    return split == null ? turned : split;
  }

  private boolean isKept(@Nullable Value weight) {
    return weight != null && weight.isParameter() && kept.contains(weight.name());
  }

  /** A product with a bias as one operator on matrices, which needs no pass of its own to add. */
  private static @Nullable List<Value> biased(Graph.Rewriting rewriting) {
    Value sum = requireNonNull(rewriting.inputs().get(0));
    Value bias = requireNonNull(rewriting.inputs().get(1));
    Node product = node(sum, "FusedMatMul");
    if (product == null
        || !product.attributes().asMap().equals(TRANSPOSED.asMap())
        || bias.dims().rank() != 1
        || !isWeight(bias)) {
      return null;
    }
    Value left = requireNonNull(product.inputs().get(0));
    Value weight = requireNonNull(product.inputs().get(1));
    if (!bias.dim(0).equals(weight.dim(0)) || !weight.dim(1).isKnown()) {
      return null;
    }
    Value rows = left.reshape(-1, weight.dim(1).size());
    Value out = Operators.get("Gemm").apply(List.of(rows, weight, bias), TRANSPOSED).get(0);
    return List.of(left.dims().rank() == 2 ? out : out.reshape(shapeOf(left, weight.dim(0))));
  }

  /** A float32 sum of all but the last axis as a product, which is many times faster. */
  private static @Nullable List<Value> sumOfRows(Graph.Rewriting rewriting) {
    Value terms = requireNonNull(rewriting.inputs().get(0));
    Value axes = rewriting.inputs().size() < 2 ? null : rewriting.inputs().get(1);
    Tensor summed = axes == null ? null : axes.constant();
    int rank = terms.dims().rank();
    if (summed == null || terms.dtype() != DType.FLOAT32 || !terms.dims().isKnown() || rank < 2) {
      return null;
    }
    long[] leading = LongStream.range(0, rank - 1).toArray();
    long[] given = LongStream.of(summed.longs()).map(axis -> Math.floorMod(axis, rank)).toArray();
    Arrays.sort(given);
    long width = terms.dim(rank - 1).size();
    if (!Arrays.equals(leading, given) || width == 1) {
      return null;
    }
    Node node = rewriting.node();
    Shape shape = node.operator().apply(rewriting.inputs(), node.attributes()).get(0).shape();
    Value rows = terms.reshape(-1, width);
    Value ones = Value.constant(1f).expand(Value.constant(1, rows.dim(0).size()));
    Value sum = Operators.get("Gemm").apply(List.of(ones, rows), Attributes.NONE).get(0);
    return List.of(sum.reshape(shape.toArray()));
  }

  /** The shape of {@code value} with another width, an int64 vector. */
  private static Value shapeOf(Value value, Dim width) {
    return Value.concat(
        0, value.shapeValue().slice(0, 0, value.dims().rank() - 1), Value.constant(width.size()));
  }

  private Value leaf(Value leaf) {
    DType type = leaf.isParameter() ? stored.get(requireNonNull(leaf.name())) : null;
    return type == null || type == leaf.dtype()
        ? leaf
        : Value.parameter(requireNonNull(leaf.name()), type, leaf.shape()).cast(leaf.dtype());
  }

  private @Nullable List<Value> product(Graph.Rewriting rewriting) {
    Value left = requireNonNull(rewriting.inputs().get(0));
    Value weight = untransposed(requireNonNull(rewriting.inputs().get(1)));
    // The processor's kernel of the fused operator is for float32 only.
    return weight == null || weight.dtype() != DType.FLOAT32
        ? null
        : Operators.get(Operators.MICROSOFT, "FusedMatMul")
            .apply(List.of(left, weight), TRANSPOSED);
  }

  /** The weight whose transpose this is, or null. */
  private static @Nullable Value untransposed(Value value) {
    Node transpose = node(value, "Transpose");
    if (transpose == null || !SWAP.equals(transpose.attributes().integers("perm"))) {
      return null;
    }
    Value weight = requireNonNull(transpose.inputs().get(0));
    return isWeight(weight) ? weight : null;
  }

  /** Whether it is a parameter, as stored or cast from what is stored. */
  private static boolean isWeight(Value value) {
    Node cast = node(value, "Cast");
    return value.isParameter()
        || (cast != null && requireNonNull(cast.inputs().get(0)).isParameter());
  }

  private static @Nullable Node node(Value value, String operator) {
    return value.origin() instanceof Node
            && ((Node) value.origin()).operator().name().equals(operator)
        ? (Node) value.origin()
        : null;
  }
}
