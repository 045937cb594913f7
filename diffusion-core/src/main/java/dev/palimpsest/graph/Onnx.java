package dev.palimpsest.graph;

import dev.palimpsest.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** Graphs as ONNX models. */
public final class Onnx {
  private Onnx() {}

  /**
   * The graph as a serialized ONNX model without its weights: each parameter is an initializer that
   * refers to external data in {@code file}, one behind the other in the graph's order.
   */
  public static byte[] modelWithoutWeights(Graph graph, String file) {
    var locations = new LinkedHashMap<String, OnnxWriter.Location>();
    long offset = 0;
    for (Map.Entry<String, Value> parameter : graph.parameters().entrySet()) {
      Shape shape = parameter.getValue().shape();
      long length = shape.elements() * parameter.getValue().dtype().bytes();
      locations.put(parameter.getKey(), new OnnxWriter.Location(file, offset, length));
      offset += length;
    }
    return OnnxWriter.write(graph, locations).toByteArray();
  }
}
