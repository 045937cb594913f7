package dev.palimpsest.autodiff;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A forward part of which some nodes' results are kept and those between are made again. */
final class RecomputedForward implements Recomputation.Forward {
  private final Predicate<Node> keeps;
  private final Map<Node, Integer> places = new IdentityHashMap<>();
  private final Set<Node> repeatable = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Map<Node, List<Value>> copies = new IdentityHashMap<>();
  private final Map<Value, Value> waiting = new IdentityHashMap<>();
  private @Nullable Value signal;

  /**
   * @param nodes each after those that it needs
   */
  RecomputedForward(List<Node> nodes, Predicate<Node> keeps) {
    this.keeps = keeps;
    for (Node node : nodes) {
      places.put(node, places.size());
      boolean floating = node.outputs().get(0).dtype().isFloating();
      if (floating && !keeps.test(node) && node.inputs().stream().anyMatch(this::isFromKept)) {
        repeatable.add(node);
      }
    }
  }

  private boolean isFromKept(@Nullable Value value) {
    Node node = value == null ? null : value.node();
    return node != null && (keeps.test(node) || repeatable.contains(node));
  }

  /** The gradient of a kept value is there: what lies before it can be made again. */
  @Override
  public void reached(Node node, List<@Nullable Value> dys) {
    if (signal == null || keeps.test(node)) {
      Value dy = dys.stream().filter(each -> each != null).findFirst().orElseThrow();
      signal =
          requireNonNull(dy).reshape(-1).slice(0, 0, 1).cast(DType.INT64).mul(Value.constant(0L));
      waiting.clear();
    }
  }

  @Override
  public Value value(Value value) {
    Node node = value.node();
    if (node == null || !repeatable.contains(node)) {
      return value;
    }
    if (!copies.containsKey(node)) {
      missing(node).forEach(each -> copies.put(each, copy(each)));
    }
    return requireNonNull(copies.get(node)).get(value.index());
  }

  /** The nodes that must be made again for {@code last}, each after those that it needs. */
  private List<Node> missing(Node last) {
    Set<Node> found = Collections.newSetFromMap(new IdentityHashMap<>());
    var open = new ArrayDeque<Node>(List.of(last));
    while (!open.isEmpty()) {
      Node node = open.pop();
      if (repeatable.contains(node) && !copies.containsKey(node) && found.add(node)) {
        for (Value input : node.inputs()) {
          if (input != null && input.node() != null) {
            open.push(input.node());
          }
        }
      }
    }
    var sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparing(places::get));
    return sorted;
  }

  private List<Value> copy(Node node) {
    var inputs = new ArrayList<@Nullable Value>();
    for (Value input : node.inputs()) {
      inputs.add(input == null ? null : operand(input));
    }
    return Node.apply(node.name(), node.attributes(), inputs);
  }

  private Value operand(Value input) {
    Node node = input.node();
    if (node == null) {
      return input;
    }
    List<Value> copied = copies.get(node);
    if (copied != null) {
      return copied.get(input.index());
    }
    return keeps.test(node)
        ? waiting.computeIfAbsent(Gradients.canonical(input), this::afterSignal)
        : input;
  }

  /**
   * The same value, but not before the signal: a reshaping, which copies nothing, to sizes to which
   * the signal's zero is added.
   */
  private Value afterSignal(Value kept) {
    if (kept.dims().rank() == 0) {
      return kept;
    }
    Value sizes = Value.constant(kept.shape().toArray()).add(requireNonNull(signal));
    return kept.reshape(sizes);
  }
}
