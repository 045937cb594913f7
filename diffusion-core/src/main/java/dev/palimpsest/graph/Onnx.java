package dev.palimpsest.graph;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** Graphs as ONNX models. */
public final class Onnx {
  private Onnx() {}

  /**
   * Reads an ONNX file as a graph. Its external data must lie in its folder. Initializers are
   * parameters, except small integers and single numbers, which are constants like what Constant
   * nodes hold. Operators of older operator sets are turned into today's form.
   *
   * @throws CheckpointException if the file is malformed, or weights are missing or elsewhere
   * @throws UnsupportedModelException if it is of a newer version than known, or uses an operator,
   *     attribute, element type, subgraph or function that is not supported; the message names it
   * @throws IOException if it cannot be read
   */
  public static OnnxModel read(Path file) throws IOException {
    return OnnxReader.read(file.toString(), OnnxFile.parse(file), new ExternalData(file));
  }

  /**
   * {@link #read(Path)} of a model in memory, which has no external data.
   *
   * @throws CheckpointException as for a file
   * @throws UnsupportedModelException as for a file
   */
  public static OnnxModel read(byte[] model) throws IOException {
    return OnnxReader.read("the model", OnnxFile.parse("the model", ByteBuffer.wrap(model)), null);
  }

  /**
   * Writes a graph with its weights: {@code file} holds the nodes and {@code file} + {@code _data}
   * beside it the weights, each at a multiple of 4096 bytes so that it can be mapped. The weights
   * are asked for and written one after the other. Both files appear whole, the weights first; on
   * failure files that were there stay as they were.
   *
   * @param parameters gives the weight for a parameter's name, of the parameter's shape; a floating
   *     type other than the parameter's is converted
   * @throws IllegalArgumentException if a weight is missing or has another shape or type
   * @throws IOException if a file cannot be written
   */
  public static void write(Graph graph, Function<String, Tensor> parameters, Path file)
      throws IOException {
    new OnnxExport(graph, parameters).write(file);
  }

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
