package dev.palimpsest.graph;

import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A network that was read from an ONNX file.
 *
 * @param graph the network; its inputs and outputs are those of the file that its outputs need
 * @param parameters the file's initializers that are parameters of the graph, by name; views of the
 *     mapped files, which must not change while they are used
 */
public record OnnxModel(Graph graph, Map<String, Tensor> parameters) {
  public OnnxModel {
    parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
  }
}
