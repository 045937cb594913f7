package dev.palimpsest.autodiff;

import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which forward values the backward part computes anew instead of keeping them in memory (Griewank
 * 1992; Chen et al. 2016). Immutable.
 *
 * <p>What is computed anew waits for the gradient that needs it, which also keeps ONNX Runtime from
 * merging it with the original.
 */
public final class Recomputation {
  /** Operators whose results are worth their memory: products, and what is small or slow. */
  private static final Set<String> DEAR =
      Set.of(
          "Conv",
          "ConvTranspose",
          "MatMul",
          "Gemm",
          "com.microsoft.FusedMatMul",
          "com.microsoft.MultiHeadAttention",
          "Softmax",
          "LogSoftmax",
          "ReduceMean",
          "ReduceSum",
          "Gather",
          "GatherElements");

  private static final Recomputation NONE = new Recomputation(null);

  private final @Nullable Predicate<Node> keeps;

  private Recomputation(@Nullable Predicate<Node> keeps) {
    this.keeps = keeps;
  }

  /** Everything is kept. */
  public static Recomputation none() {
    return NONE;
  }

  /**
   * Results of products and reductions are kept; what is made of them element by element, such as
   * normalised values and activations, is computed anew.
   */
  public static Recomputation ofCheapOperators() {
    return new Recomputation(node -> DEAR.contains(node.name()));
  }

  /**
   * Only the given values are kept, and what does not depend on any of them; everything between
   * them is computed anew, once, when the backward part reaches it.
   *
   * @param boundaries such as the outputs of a network's blocks, from {@link
   *     dev.palimpsest.graph.Graph#named}
   */
  public static Recomputation between(Collection<Value> boundaries) {
    Set<Node> nodes = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Value value : boundaries) {
      if (value.node() != null) {
        nodes.add(value.node());
      }
    }
    return new Recomputation(nodes::contains);
  }

  Forward of(List<Node> nodes) {
    return keeps == null ? new Forward() {} : new RecomputedForward(nodes, keeps);
  }

  /** The forward part as the backward part sees it. */
  interface Forward {
    /** Called before the rules of a node, with the gradients of its outputs. */
    default void reached(Node node, List<@Nullable Value> dys) {}

    /** A forward value, kept or computed anew. */
    default Value value(Value value) {
      return value;
    }
  }
}
