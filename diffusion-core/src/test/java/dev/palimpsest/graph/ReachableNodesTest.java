package dev.palimpsest.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReachableNodesTest {
  private static Value input(String name, int size) {
    return Value.input(name, DType.FLOAT32, Dims.of(size));
  }

  private static String refused(Value output) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> Graph.of("g", "y", output))
            .getMessage());
  }

  @Test
  void nodesComeBehindWhatTheyNeedAndOnce() {
    Value x = input("x", 2);
    Value shared = x.exp();
    Value unused = shared.tanh();
    Graph graph = Graph.of("g", "y", shared.add(Value.parameter("w", DType.FLOAT32, Shape.of(2))));
    assertEquals(
        List.of("Exp", "Add"), graph.nodes().stream().map(n -> n.operator().name()).toList());
    assertEquals(List.of("x"), List.copyOf(graph.inputs().keySet()));
    assertEquals(List.of("w"), List.copyOf(graph.parameters().keySet()));
    assertEquals(3, Graph.of("g", "y", unused.add(shared)).size());
  }

  @Test
  void deepNetworksAreWalked() {
    Value x = input("x", 2);
    for (int i = 0; i < 20_000; i++) {
      x = x.exp();
    }
    assertEquals(20_000, Graph.of("deep", "y", x).size());
  }

  @Test
  void namesAreGivenOnce() {
    assertTrue(refused(input("x", 2).add(input("x", 2))).contains("two different inputs named x"));
    assertTrue(
        refused(input("x", 2).add(Value.parameter("x", DType.FLOAT32, Shape.of(2))))
            .contains("share names [x]"));
  }
}
