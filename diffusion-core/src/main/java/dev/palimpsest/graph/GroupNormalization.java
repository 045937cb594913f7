package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A place where a network normalises groups of channels by their own mean and variance, before the
 * learned scale and shift. Immutable.
 *
 * @param input what is normalised: [batch, channels, ...]
 * @param groups how many groups the channels are in
 * @param epsilon what is added to the variance
 */
public record GroupNormalization(Value input, int groups, float epsilon) {

  /** The normalisation that a node whose inputs are rewritten is; null if it is none. */
  static @Nullable GroupNormalization of(Graph.Rewriting rewriting) {
    Node node = rewriting.node();
    if (!node.name().equals("InstanceNormalization")) {
      return null;
    }
    List<@Nullable Value> in = rewriting.inputs();
    Node flattened = requireNonNull(in.get(0)).node();
    if (flattened == null || !flattened.name().equals("Reshape")) {
      return null;
    }
    int groups = (int) requireNonNull(in.get(1)).dim(0).size();
    Value input = requireNonNull(flattened.inputs().get(0));
    return new GroupNormalization(input, groups, node.attributes().number("epsilon", 1e-5f));
  }

  /** The channels in their groups: [batch, groups, all else]. */
  public Value flat() {
    return input.reshape(0, groups, -1);
  }
}
