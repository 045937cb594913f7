package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
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
    String suffix = "." + UUID.randomUUID();
    Path newModel = target.resolveSibling(target.getFileName() + suffix);
    Path newData = target.resolveSibling(data.getFileName() + suffix);
    try {
      var locations = writeWeights(newData, data.getFileName().toString());
      ModelProto model = OnnxWriter.write(graph, locations);
      checkArgument(
          model.getSerializedSize() >= 0,
          "graph %s exceeds 2 GiB without its weights",
          graph.name());
      writeBytes(newModel, model.toByteString().asReadOnlyByteBuffer());
      move(newData, data);
      move(newModel, target);
    } catch (IOException e) {
      throw new CheckpointException(file + ": cannot be written: " + e, e);
    } finally {
      Files.deleteIfExists(newData);
      Files.deleteIfExists(newModel);
    }
  }

  private Map<String, OnnxWriter.Location> writeWeights(Path to, String name) throws IOException {
    var locations = new LinkedHashMap<String, OnnxWriter.Location>();
    try (FileChannel channel = create(to)) {
      for (Map.Entry<String, Value> parameter : graph.parameters().entrySet()) {
        ByteBuffer bytes = weight(parameter.getKey(), parameter.getValue()).bytes();
        long end = channel.position();
        long offset = bytes.hasRemaining() ? (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : end;
        channel.position(offset);
        locations.put(parameter.getKey(), new OnnxWriter.Location(name, offset, bytes.remaining()));
        writeFully(channel, bytes);
      }
      channel.force(true);
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

  private static void writeBytes(Path to, ByteBuffer bytes) throws IOException {
    try (FileChannel channel = create(to)) {
      writeFully(channel, bytes);
      channel.force(true);
    }
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
