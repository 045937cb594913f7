package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What values are computed from: nodes, each behind those it needs, and leaves by name. Immutable
 * once found.
 */
final class ReachableNodes {
  private final String graph;
  private final Map<String, Value> inputs = new LinkedHashMap<>();
  private final Map<String, Value> parameters = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Set<Origin> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  private ReachableNodes(String graph) {
    this.graph = graph;
  }

  /**
   * @param graph its name, for messages
   * @throws IllegalArgumentException if two different inputs or parameters share a name
   */
  static ReachableNodes of(String graph, Collection<Value> outputs) {
    var found = new ReachableNodes(graph);
    outputs.forEach(found::visit);
    var clash = new HashSet<>(found.inputs.keySet());
    clash.retainAll(found.parameters.keySet());
    checkArgument(clash.isEmpty(), "graph %s: input and parameter share names %s", graph, clash);
    found.seen.clear();
    return found;
  }

  Map<String, Value> inputs() {
    return Collections.unmodifiableMap(inputs);
  }

  Map<String, Value> parameters() {
    return Collections.unmodifiableMap(parameters);
  }

  List<Node> nodes() {
    return Collections.unmodifiableList(nodes);
  }

  /** Depth first without recursion: a network is thousands of nodes deep. */
  private void visit(Value root) {
    var path = new ArrayDeque<Visit>();
    enter(root, path);
    while (!path.isEmpty()) {
      Visit top = requireNonNull(path.peek());
      if (top.next == top.node.inputs().size()) {
        nodes.add(top.node);
        path.pop();
      } else {
        Value input = top.node.inputs().get(top.next++);
        if (input != null) {
          enter(input, path);
        }
      }
    }
  }

  private void enter(Value value, ArrayDeque<Visit> path) {
    Origin origin = value.origin();
    if (!seen.add(origin)) {
      return;
    }
    if (origin instanceof Node) {
      path.push(new Visit((Node) origin));
    } else {
      addLeaf(value, (Origin.Leaf) origin);
    }
  }

  private void addLeaf(Value value, Origin.Leaf leaf) {
    if (leaf.kind() == Origin.Kind.CONSTANT) {
      return;
    }
    Map<String, Value> group = leaf.kind() == Origin.Kind.INPUT ? inputs : parameters;
    Value other = group.put(leaf.name(), value);
    checkArgument(
        other == null,
        "graph %s has two different %ss named %s",
        graph,
        leaf.kind().name().toLowerCase(Locale.ROOT),
        leaf.name());
  }

  private static final class Visit {
    final Node node;
    int next;

    Visit(Node node) {
      this.node = node;
    }
  }
}
