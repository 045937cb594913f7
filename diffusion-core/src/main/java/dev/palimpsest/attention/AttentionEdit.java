package dev.palimpsest.attention;

import dev.palimpsest.graph.Value;

/**
 * A change to the attention probabilities of a network, written as a function on graph values. A
 * site that no edit selects uses the fused attention operator. Immutable.
 */
public interface AttentionEdit {

  /** Whether this edit changes the layer. */
  boolean selects(AttentionSite site);

  /**
   * The edited probabilities.
   *
   * @param probabilities float32 [batch, heads, query tokens, key tokens], each row summing to 1
   * @return a value of the same shape
   */
  Value apply(AttentionSite site, Value probabilities);
}
