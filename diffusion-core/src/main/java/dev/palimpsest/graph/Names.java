package dev.palimpsest.graph;

import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The unique name of each value of a graph: the name it was given, or else the name of what it is
 * computed from followed by its operator, as in {@code mid_block.resnets.0.conv1/Mul}.
 */
final class Names {
  private final Map<Origin, String[]> names = new IdentityHashMap<>();
  private final Set<String> taken = new HashSet<>();
  private final Map<String, Integer> counts = new HashMap<>();

  Names(Graph graph) {
    taken.addAll(graph.inputs().keySet());
    taken.addAll(graph.parameters().keySet());
    taken.addAll(graph.outputs().keySet());
    Map<Origin, String[]> given = given(graph);
    for (Node node : graph.nodes()) {
      String[] outputs = given.computeIfAbsent(node, n -> new String[node.outputs().size()]);
      String base = base(node);
      for (int i = 0; i < outputs.length; i++) {
        String suggestion = outputs[i];
        if (suggestion == null || !isOutput(graph, node, i)) {
          outputs[i] = unique(suggestion == null ? base : suggestion);
        }
      }
      names.put(node, outputs);
    }
  }

  /** The name of a computed value. */
  String of(Value value) {
    String[] outputs = names.get(value.origin());
    if (outputs == null) {
      throw new IllegalArgumentException(value + " is not computed by this graph");
    }
    return outputs[value.index()];
  }

  private static boolean isOutput(Graph graph, Node node, int index) {
    return graph.outputs().values().stream()
        .anyMatch(output -> output.origin() == node && output.index() == index);
  }

  /** Names that handles carry; a graph's outputs are called as the graph calls them. */
  private static Map<Origin, String[]> given(Graph graph) {
    Map<Origin, String[]> given = new IdentityHashMap<>();
    for (Node node : graph.nodes()) {
      for (Value input : node.inputs()) {
        note(given, input, input == null ? null : input.name());
      }
    }
    graph.outputs().forEach((key, value) -> note(given, value, key));
    return given;
  }

  private static void note(
      Map<Origin, String[]> given, @Nullable Value value, @Nullable String name) {
    if (value != null && name != null && value.origin() instanceof Node) {
      Node node = (Node) value.origin();
      given.computeIfAbsent(node, n -> new String[node.outputs().size()])[value.index()] = name;
    }
  }

  private String base(Node node) {
    String from = "";
    for (Value input : node.inputs()) {
      if (input != null) {
        String name = input.origin() instanceof Node ? of(input) : input.name();
        if (name != null) {
          from = name.contains("/") ? name.substring(0, name.indexOf('/')) : name;
          break;
        }
      }
    }
    return from + "/" + node.operator().name();
  }

  /** A name that no value has yet, now taken: the suggestion, or one that begins with it. */
  String unique(String suggestion) {
    if (taken.add(suggestion)) {
      return suggestion;
    }
    String name;
    do {
      name = suggestion + "_" + counts.merge(suggestion, 1, Integer::sum);
    } while (!taken.add(name));
    return name;
  }
}
