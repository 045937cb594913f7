package dev.palimpsest.graph;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Whether ONNX Runtime has a CUDA kernel for all that the networks are made of. */
class CudaKernelsTest {
  @Test
  void everyOperatorOfTheNetworksHasAKernel() throws IOException {
    List<Graph> graphs = TinyNetwork.everyGraph();
    assertTrue(graphs.size() > 10);
    for (Graph graph : graphs) {
      assertEquals(Set.of(), missing(graph), graph.name());
      assertEquals(Set.of(), missing(graph.toHalfPrecision()), graph.name() + " in half precision");
    }
  }

  @Test
  void whatHasNoKernelIsFound() throws IOException {
    Value ids = Value.input("ids", DType.INT64, Dims.of(4));
    Graph integers = Graph.of("g", "y", ids.argMax(0));
    assertEquals(Set.of("ArgMax: input 0 is int64"), missing(integers));
    Value x = Value.input("x", DType.FLOAT32, Dims.of(4));
    Value scale = Value.parameter("scale", DType.FLOAT32, Shape.of(4));
    Value normal =
        Operators.get("LayerNormalization").apply(List.of(x, scale), Attributes.NONE).get(0);
    assertEquals(
        Set.of("LayerNormalization is not in the table"), missing(Graph.of("g", "y", normal)));
  }

  private static Set<String> missing(Graph graph) throws IOException {
    Map<String, List<Set<String>>> kernels = kernels();
    var missing = new TreeSet<String>();
    for (Node node : graph.nodes()) {
      String operator = node.operator().toString();
      List<Set<String>> types = kernels.get(operator);
      if (types == null) {
        missing.add(operator + " is not in the table");
        continue;
      }
      for (int i = 0; i < node.inputs().size(); i++) {
        Value input = node.inputs().get(i);
        if (input != null && !slot(types, i).contains(name(input))) {
          missing.add(operator + ": input " + i + " is " + name(input));
        }
      }
      Value output = node.outputs().get(0);
      if (operator.equals("Cast") && !types.get(1).contains(name(output))) {
        missing.add("Cast to " + name(output));
      }
    }
    return missing;
  }

  private static Set<String> slot(List<Set<String>> types, int input) {
    return types.get(Math.min(input, types.size() - 1));
  }

  private static String name(Value value) {
    return value.dtype().name().toLowerCase(Locale.ROOT);
  }

  /** Operator to the element types of each input. */
  private static Map<String, List<Set<String>>> kernels() throws IOException {
    var kernels = new HashMap<String, List<Set<String>>>();
    try (var table = CudaKernelsTest.class.getResourceAsStream("cuda-kernels.tsv")) {
      String text = new String(requireNonNull(table).readAllBytes(), UTF_8);
      for (String line : text.lines().filter(l -> !l.startsWith("#")).toList()) {
        List<String> columns = List.of(line.split("\t", -1));
        kernels.put(
            columns.get(0),
            columns.stream()
                .skip(1)
                .map(types -> Set.copyOf(Arrays.asList(types.split(" ", -1))))
                .toList());
      }
    }
    return kernels;
  }
}
