package dev.palimpsest.graph;

import dev.palimpsest.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Where a value comes from: a leaf of the graph, or one application of an operator. */
sealed interface Origin permits Origin.Leaf, Node {

  /** What a leaf stands for. */
  enum Kind {
    /** Given at each run. */
    INPUT,
    /** A weight, whose data lives outside the graph. */
    PARAMETER,
    /** Data inside the graph. */
    CONSTANT
  }

  /** A value that no operator computes. Constants have data, inputs and parameters have names. */
  final class Leaf implements Origin {
    private final Kind kind;
    private final String name;
    private final @Nullable Tensor data;

    Leaf(Kind kind, String name, @Nullable Tensor data) {
      this.kind = kind;
      this.name = name;
      this.data = data;
    }

    Kind kind() {
      return kind;
    }

    /** Empty for constants. */
    String name() {
      return name;
    }

    @Nullable Tensor data() {
      return data;
    }
  }
}
