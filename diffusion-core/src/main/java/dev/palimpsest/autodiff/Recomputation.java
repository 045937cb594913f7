package dev.palimpsest.autodiff;

import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which forward values the backward part computes anew instead of keeping them. Immutable. */
public final class Recomputation {
  private static final Recomputation NONE = new Recomputation();

  private Recomputation() {}

  /** Everything is kept. */
  public static Recomputation none() {
    return NONE;
  }

  Forward of(List<Node> nodes) {
    return new Forward() {};
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
