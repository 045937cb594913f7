package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class HalfPrecisionTest {
  /** float16 has 11 significant bits; a few dozen roundings of 2^-11 lie behind an output. */
  private static final double RELATIVE_ERROR = 0.005;

  @TestFactory
  List<DynamicTest> networksComputeNearlyTheSame() throws IOException {
    var tests = new ArrayList<DynamicTest>();
    for (TinyNetwork network : TinyNetwork.all()) {
      tests.add(DynamicTest.dynamicTest(network.name(), () -> nearlyTheSame(network)));
    }
    return tests;
  }

  private static void nearlyTheSame(TinyNetwork network) {
    Map<String, Tensor> want = run(network.graph(), network);
    Graph half = network.graph().toHalfPrecision();
    Map<String, Tensor> got = run(half, network);
    assertEquals(want.keySet(), got.keySet());
    want.forEach(
        (name, tensor) -> {
          assertEquals(DType.FLOAT32, requireNonNull(got.get(name)).dtype());
          double error = relativeError(requireNonNull(got.get(name)), tensor);
          assertTrue(0 < error && error < RELATIVE_ERROR, name + ": " + error);
        });
  }

  private static Map<String, Tensor> run(Graph graph, TinyNetwork network) {
    try (var session = Session.open(graph, network.weights(), Device.cpu(1))) {
      return session.run(network.inputs());
    }
  }

  /** The largest difference in units of the largest element. */
  private static double relativeError(Tensor got, Tensor want) {
    float[] g = got.floats();
    float[] w = want.floats();
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < w.length; i++) {
      double error = Math.abs(g[i] - w[i]);
      difference = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(difference, error);
      largest = Math.max(largest, Math.abs(w[i]));
    }
    return difference / largest;
  }

  @Test
  void weightsAndProductsAreHalf() throws IOException {
    for (TinyNetwork network : TinyNetwork.all()) {
      Graph half = network.graph().toHalfPrecision();
      half.parameters()
          .forEach((name, parameter) -> assertEquals(DType.FLOAT16, parameter.dtype(), name));
      for (Node node : half.nodes()) {
        switch (node.operator().name()) {
          case "Conv", "MatMul", "MultiHeadAttention" -> assertTypes(node, DType.FLOAT16);
          case "InstanceNormalization", "Softmax", "ReduceMean", "Sqrt", "Sin", "Cos" ->
              assertTypes(node, DType.FLOAT32);
          default -> {}
        }
      }
      half.inputs().values().forEach(input -> assertTrue(input.dtype() != DType.FLOAT16));
      half.outputs().values().forEach(output -> assertEquals(DType.FLOAT32, output.dtype()));
    }
  }

  private static void assertTypes(Node node, DType expected) {
    var types = new TreeSet<DType>();
    for (Value input : node.inputs()) {
      if (input != null && input.dtype().isFloating()) {
        types.add(input.dtype());
      }
    }
    assertEquals(List.of(expected), List.copyOf(types), node.operator()::toString);
  }

  @Test
  void aNormalisationStaysExactUpToItsScale() {
    Value x = Value.input("x", DType.FLOAT32, Dims.of(4, 8));
    Value w = Value.parameter("w", DType.FLOAT32, Shape.of(8, 8));
    Value scale = Value.parameter("scale", DType.FLOAT32, Shape.of(8));
    Value y = x.matmul(w).layerNorm(scale, scale, 1e-5f).matmul(w);
    List<String> operators = operators(Graph.of("g", "y", y).toHalfPrecision());
    assertEquals(
        List.of(
            "Cast FLOAT16",
            "MatMul FLOAT16",
            "Cast FLOAT32",
            "ReduceMean FLOAT32",
            "Sub FLOAT32",
            "Mul FLOAT32",
            "ReduceMean FLOAT32",
            "Add FLOAT32",
            "Sqrt FLOAT32",
            "Div FLOAT32",
            "Cast FLOAT16",
            "Mul FLOAT16",
            "Add FLOAT16",
            "MatMul FLOAT16",
            "Cast FLOAT32"),
        operators);
  }

  @Test
  void anglesAndTheirFrequenciesStayExact() {
    Value t = Value.input("t", DType.FLOAT32, Dims.of(1, 1));
    Value frequencies = Value.parameter("frequencies", DType.FLOAT32, Shape.of(8));
    Graph graph = Graph.of("g", "y", t.mul(frequencies).sin()).toHalfPrecision();
    assertEquals(List.of("Mul FLOAT32", "Sin FLOAT32"), operators(graph));
    assertEquals(DType.FLOAT32, requireNonNull(graph.parameters().get("frequencies")).dtype());
  }

  @Test
  void masksStayFinite() {
    Value x = Value.input("x", DType.FLOAT32, Dims.of(1, 2));
    Value w = Value.parameter("w", DType.FLOAT32, Shape.of(2, 2));
    Value mask = Value.constant(Tensor.of(Shape.of(2), -3.4e38f, 3.4e38f));
    Graph graph = Graph.of("g", "y", x.matmul(w).add(mask)).toHalfPrecision();
    Tensor weight = Tensor.zeros(Shape.of(2, 2));
    try (var session = Session.open(graph, name -> weight, Device.cpu(1))) {
      Tensor y = session.run(Map.of("x", Tensor.zeros(Shape.of(1, 2)))).get("y");
      assertEquals(-65504f, requireNonNull(y).floats()[0]);
      assertEquals(65504f, requireNonNull(y).floats()[1]);
    }
  }

  private static List<String> operators(Graph graph) {
    return graph.nodes().stream()
        .map(node -> node.operator().name() + " " + node.outputs().get(0).dtype())
        .toList();
  }
}
