package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.file.AtomicFile;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** Writes a graph and its weights as an ONNX file with external data. */
final class OnnxExport {
  /** The largest page of common systems; the offset of a mapping is a multiple of it. */
  private static final int ALIGNMENT = 4096;

  private final Graph graph;
  private final Function<String, Tensor> weights;

  OnnxExport(Graph graph, Function<String, Tensor> weights) {
    this.graph = graph;
    this.weights = weights;
  }

  void write(Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Path data = target.resolveSibling(requireNonNull(target.getFileName()) + "_data");
    try (AtomicFile newData = AtomicFile.create(data);
        AtomicFile newModel = AtomicFile.create(target)) {
      var locations = writeWeights(newData, data.getFileName().toString());
      ModelProto model = OnnxWriter.write(graph, locations);
      checkArgument(
          model.getSerializedSize() >= 0,
          "graph %s exceeds 2 GiB without its weights",
          graph.name());
      newModel.append(model.toByteString().asReadOnlyByteBuffer());
      newModel.sync();
      newData.commit();
      newModel.commit();
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be written: " + e, e);
    }
  }

  private Map<String, OnnxWriter.Location> writeWeights(AtomicFile file, String name)
      throws IOException {
    var locations = new LinkedHashMap<String, OnnxWriter.Location>();
    for (Map.Entry<String, Value> parameter : graph.parameters().entrySet()) {
      ByteBuffer bytes = weight(parameter.getKey(), parameter.getValue()).bytes();
      long end = file.position();
      long offset = bytes.hasRemaining() ? (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : end;
      file.skipTo(offset);
      locations.put(parameter.getKey(), new OnnxWriter.Location(name, offset, bytes.remaining()));
      file.append(bytes);
    }
    return locations;
  }

  private Tensor weight(String name, Value parameter) {
    Tensor found = weights.apply(name);
    checkArgument(
        found != null,
        "graph %s: no weight for parameter %s, expected %s",
        graph.name(),
        name,
        parameter);
    boolean convertible = found.dtype().isFloating() && parameter.dtype().isFloating();
    checkArgument(
        found.shape().equals(parameter.shape())
            && (convertible || found.dtype() == parameter.dtype()),
        "graph %s: the weight for parameter %s is %s, expected %s",
        graph.name(),
        name,
        found,
        parameter);
    return found.as(parameter.dtype());
  }
}
