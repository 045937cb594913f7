package dev.palimpsest.graph;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.onnx.AttributeProto;
import dev.palimpsest.graph.onnx.GraphProto;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.graph.onnx.NodeProto;
import dev.palimpsest.graph.onnx.StringStringEntryProto;
import dev.palimpsest.graph.onnx.TensorProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What an ONNX file says about itself, read before a runtime sees it.
 *
 * @param irVersion the version of the file format
 * @param opsets the version of each operator domain; ONNX's own domain is {@code ""}
 * @param externalData the files that hold its weights, relative to its folder
 */
public record OnnxFile(long irVersion, Map<String, Long> opsets, Set<String> externalData) {
  public OnnxFile {
    opsets = Collections.unmodifiableMap(new TreeMap<>(opsets));
    externalData = Collections.unmodifiableSet(new TreeSet<>(externalData));
  }

  /**
   * Reads a file below 2 GiB.
   *
   * @throws CheckpointException if it is no ONNX model, or a file with its weights is missing or
   *     outside its folder
   * @throws IOException if it cannot be read
   */
  public static OnnxFile inspect(Path file) throws IOException {
    ModelProto model = parse(file);
    var opsets = new TreeMap<String, Long>();
    model
        .getOpsetImportList()
        .forEach(opset -> opsets.merge(opset.getDomain(), opset.getVersion(), Math::max));
    var externalData = new TreeSet<String>();
    collect(model.getGraph(), externalData);
    for (String location : externalData) {
      new ExternalData(file).resolve(location);
    }
    return new OnnxFile(model.getIrVersion(), opsets, externalData);
  }

  static ModelProto parse(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      if (channel.size() > Integer.MAX_VALUE) {
        throw new CheckpointException(
            file + " has " + channel.size() + " bytes; an ONNX file ends below 2 GiB");
      }
      ByteBuffer map = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      return parse(file.toString(), map);
    }
  }

  /** Weights inside the model stay where they are: views of {@code bytes}. */
  static ModelProto parse(String source, ByteBuffer bytes) throws CheckpointException {
    CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
    in.enableAliasing(true);
    ModelProto model;
    try {
      model = ModelProto.parseFrom(in);
    } catch (InvalidProtocolBufferException e) {
      throw new CheckpointException(source + " is not an ONNX model: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new CheckpointException(source + " cannot be read: " + e.getMessage(), e);
    }
    if (!model.hasGraph() || !model.hasIrVersion()) {
      throw new CheckpointException(
          source + " is not an ONNX model: it has no graph or IR version");
    }
    return model;
  }

  private static void collect(GraphProto graph, Set<String> locations) {
    graph.getInitializerList().forEach(tensor -> collect(tensor, locations));
    for (NodeProto node : graph.getNodeList()) {
      for (AttributeProto attribute : node.getAttributeList()) {
        collect(attribute.getT(), locations);
        attribute.getTensorsList().forEach(tensor -> collect(tensor, locations));
        collect(attribute.getG(), locations);
        attribute.getGraphsList().forEach(inner -> collect(inner, locations));
      }
    }
  }

  private static void collect(TensorProto tensor, Set<String> locations) {
    for (StringStringEntryProto entry : tensor.getExternalDataList()) {
      if (entry.getKey().equals("location")) {
        locations.add(entry.getValue());
      }
    }
  }
}
