package dev.palimpsest.attention;

import dev.palimpsest.graph.Value;

/** Divides the attention of each query token by its sum. */
record Normalization() implements AttentionEdit {
  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    return probabilities.div(probabilities.sum(-1));
  }

  @Override
  public String toString() {
    return "normalize";
  }
}
