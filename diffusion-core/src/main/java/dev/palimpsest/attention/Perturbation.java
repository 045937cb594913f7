package dev.palimpsest.attention;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import java.util.List;

/** Each token attends to itself alone: the identity in place of the probabilities. */
record Perturbation() implements AttentionEdit {
  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    Value ones = probabilities.slice(0, 0, 1).slice(1, 0, 1).mul(0f).add(1f);
    return triangle(ones, 0).mul(triangle(ones, 1));
  }

  private static Value triangle(Value matrix, long upper) {
    return Node.apply("Trilu", Attributes.NONE.with("upper", upper), List.of(matrix)).get(0);
  }

  @Override
  public String toString() {
    return "self-attention of each token to itself";
  }
}
