package dev.palimpsest.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class LoweringTest {
  private static final Value X = Value.input("x", DType.FLOAT32, Dims.parse("n", "t", 2));
  private static final Value W = Value.parameter("w", DType.FLOAT32, Shape.of(3, 2));

  private static List<String> operators(Graph graph) {
    return graph.nodes().stream().map(node -> node.operator().name()).collect(Collectors.toList());
  }

  @Test
  void linearReadsItsWeightAsItLies() {
    Graph graph = Graph.of("g", "y", X.linear(W, null).named("to_q")).lowered(Map.of(), Map.of());
    assertEquals(List.of("FusedMatMul"), operators(graph));
    Value y = graph.outputs().get("y");
    assertNotNull(y);
    assertEquals("[n, t, 3]", y.dims().toString());
    assertEquals("to_q", y.name());
  }

  @Test
  void aBiasIsAddedByTheProduct() {
    Value bias = Value.parameter("b", DType.FLOAT32, Shape.of(3));
    Graph graph = Graph.of("g", "y", X.linear(W, bias).named("to_q")).lowered(Map.of(), Map.of());
    assertTrue(operators(graph).contains("Gemm"));
    assertFalse(operators(graph).contains("Add"));
    Value y = graph.outputs().get("y");
    assertNotNull(y);
    assertEquals("[n, t, 3]", y.dims().toString());
    Value other = Value.input("other", DType.FLOAT32, Dims.parse("n", "t", 3));
    Graph sum = Graph.of("g", "y", X.linear(W, null).add(other)).lowered(Map.of(), Map.of());
    assertEquals(List.of("FusedMatMul", "Add"), operators(sum));
  }

  @Test
  void sumOverAllButTheLastAxisIsProduct() {
    Value x = Value.input("x", DType.FLOAT32, Dims.of(2, 5, 3));
    Graph graph = Graph.of("g", "y", x.sum(0, 1)).lowered(Map.of(), Map.of());
    assertTrue(operators(graph).contains("Gemm"));
    assertFalse(operators(graph).contains("ReduceSum"));
    Value y = graph.outputs().get("y");
    assertNotNull(y);
    assertEquals(Shape.of(1, 1, 3), y.shape());
  }

  /** In half precision a product of ones would lose what a sum keeps. */
  @Test
  void otherSumsStay() {
    Value x = Value.input("x", DType.FLOAT32, Dims.of(2, 5, 3));
    for (Value sum : List.of(x.sum(0), x.sum(1, 2), X.sum(0, 1))) {
      Graph graph = Graph.of("g", "y", sum).lowered(Map.of(), Map.of());
      assertEquals(List.of("ReduceSum"), operators(graph));
    }
    Graph half = Graph.of("g", "y", x.cast(DType.FLOAT16).sum(0, 1));
    assertEquals(List.of("Cast", "ReduceSum"), operators(half.lowered(Map.of(), Map.of())));
  }

  @Test
  void storedTypesAreCastOnce() {
    Graph twice = Graph.of("g", Map.of("y", X.linear(W, null), "z", X.matmul(W.transpose(1, 0))));
    Graph graph = twice.lowered(Map.of("w", DType.FLOAT16), Map.of());
    assertEquals(1, operators(graph).stream().filter("Cast"::equals).count());
    Value stored = graph.parameters().get("w");
    assertNotNull(stored);
    assertEquals(DType.FLOAT16, stored.dtype());
  }

  @Test
  void otherProductsStay() {
    Value other = Value.input("other", DType.FLOAT32, Dims.of(3, 2));
    assertEquals(
        List.of("Transpose", "MatMul"),
        operators(Graph.of("g", "y", X.matmul(other.transpose(1, 0))).lowered(Map.of(), Map.of())));
    Value half = X.cast(DType.FLOAT16).linear(W.cast(DType.FLOAT16), null);
    assertEquals(
        List.of("Cast", "Cast", "Transpose", "MatMul"),
        operators(Graph.of("g", "y", half).lowered(Map.of(), Map.of())));
  }
}
