package dev.palimpsest.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Comparisons of graphs. */
final class Graphs {
  private Graphs() {}

  /** Fails unless both graphs apply the same operators to the same named values. */
  static void assertSame(Graph expected, Graph found) {
    assertEquals(lines(expected), lines(found));
  }

  private static List<String> lines(Graph graph) {
    var names = new Names(graph);
    var lines = new ArrayList<String>();
    graph.outputs().forEach((name, value) -> lines.add("output " + name + value.type()));
    for (Node node : graph.nodes()) {
      var line = new StringBuilder(node.operator() + " " + text(node.attributes()));
      for (Value input : node.inputs()) {
        line.append(' ').append(input == null ? "absent" : name(names, input));
      }
      node.outputs().forEach(output -> line.append(" > ").append(name(names, output)));
      lines.add(line.toString());
    }
    return lines;
  }

  private static String text(Attributes attributes) {
    var text = new StringBuilder();
    attributes
        .asMap()
        .forEach(
            (name, value) ->
                text.append(name)
                    .append('=')
                    .append(value instanceof Tensor ? text((Tensor) value) : value.toString()));
    return text.toString();
  }

  private static String text(Tensor tensor) {
    return tensor.toString() + tensor.bytes().hashCode();
  }

  private static String name(Names names, Value value) {
    Tensor data = value.constant();
    if (data != null) {
      return text(data);
    }
    String name = value.origin() instanceof Node ? names.of(value) : value.name();
    return name + ":" + value.dtype() + value.dims();
  }
}
