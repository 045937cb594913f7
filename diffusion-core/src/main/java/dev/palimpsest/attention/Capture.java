package dev.palimpsest.attention;

import dev.palimpsest.graph.Value;

/** Captures the maps and changes nothing. */
record Capture() implements AttentionEdit {
  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    graph.capture(site, probabilities);
    return probabilities;
  }

  @Override
  public String toString() {
    return "capture";
  }
}
