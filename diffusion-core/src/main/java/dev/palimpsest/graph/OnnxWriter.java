package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;
import dev.palimpsest.graph.onnx.AttributeProto;
import dev.palimpsest.graph.onnx.AttributeProto.AttributeType;
import dev.palimpsest.graph.onnx.GraphProto;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.graph.onnx.NodeProto;
import dev.palimpsest.graph.onnx.OperatorSetIdProto;
import dev.palimpsest.graph.onnx.StringStringEntryProto;
import dev.palimpsest.graph.onnx.TensorProto;
import dev.palimpsest.graph.onnx.TensorShapeProto;
import dev.palimpsest.graph.onnx.TypeProto;
import dev.palimpsest.graph.onnx.ValueInfoProto;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Writes a graph as an ONNX model whose parameters are external data. */
final class OnnxWriter {
  /** The version of the file format that goes with {@link Operators#OPSET}. */
  static final int IR_VERSION = 9;

  /** Where a parameter's bytes lie. */
  record Location(String file, long offset, long length) {}

  private final Graph graph;
  private final Names names;
  private final GraphProto.Builder proto = GraphProto.newBuilder();
  private final List<NodeProto> nodes = new ArrayList<>();
  private final List<NodeProto> constantNodes = new ArrayList<>();
  private final Map<Origin, String> constants = new IdentityHashMap<>();
  private final Map<ByteString, String> constantsByContent = new HashMap<>();

  private OnnxWriter(Graph graph) {
    this.graph = graph;
    this.names = new Names(graph);
  }

  /** The model; {@code locations} names every parameter. */
  static ModelProto write(Graph graph, Map<String, Location> locations) {
    return new OnnxWriter(graph).model(locations);
  }

  private ModelProto model(Map<String, Location> locations) {
    proto.setName(graph.name());
    graph.parameters().forEach((name, value) -> proto.addInitializer(external(value, locations)));
    for (Node node : graph.nodes()) {
      nodes.add(node(node));
    }
    proto.addAllNode(constantNodes).addAllNode(nodes);
    graph.inputs().values().forEach(input -> proto.addInput(info(nameOf(input), input)));
    graph.outputs().forEach((name, value) -> proto.addOutput(info(name, value)));
    return ModelProto.newBuilder()
        .setIrVersion(IR_VERSION)
        .setProducerName("palimpsest")
        .setGraph(proto)
        .addOpsetImport(opset(Operators.ONNX, Operators.OPSET))
        .addOpsetImport(opset(Operators.MICROSOFT, 1))
        .build();
  }

  private static OperatorSetIdProto opset(String domain, int version) {
    return OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version).build();
  }

  private static TensorProto external(Value parameter, Map<String, Location> locations) {
    String name = requireNonNull(parameter.name());
    Location location = requireNonNull(locations.get(name), name);
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(OnnxTypes.number(parameter.dtype()))
        .addAllDims(parameter.shape().toList())
        .setDataLocation(TensorProto.DataLocation.EXTERNAL)
        .addExternalData(entry("location", location.file()))
        .addExternalData(entry("offset", Long.toString(location.offset())))
        .addExternalData(entry("length", Long.toString(location.length())))
        .build();
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private NodeProto node(Node node) {
    NodeProto.Builder out =
        NodeProto.newBuilder()
            .setOpType(operator(node))
            .setDomain(node.operator().domain())
            .setName(nameOf(node.outputs().get(0)));
    for (Value input : node.inputs()) {
      out.addInput(input == null ? "" : nameOf(input));
    }
    node.outputs().forEach(output -> out.addOutput(nameOf(output)));
    node.attributes().asMap().forEach((name, value) -> out.addAttribute(attribute(name, value)));
    return out.build();
  }

  private String nameOf(Value value) {
    if (value.origin() instanceof Node) {
      return names.of(value);
    }
    Tensor data = value.constant();
    return data == null
        ? requireNonNull(value.name())
        : constants.computeIfAbsent(value.origin(), origin -> constant(data));
  }

  private String constant(Tensor data) {
    TensorProto content = tensor(data);
    return constantsByContent.computeIfAbsent(
        content.toByteString(),
        bytes -> {
          String name = names.unique("constant");
          constantNodes.add(
              NodeProto.newBuilder()
                  .setOpType("Constant")
                  .setName(name)
                  .addOutput(name)
                  .addAttribute(
                      AttributeProto.newBuilder()
                          .setName("value")
                          .setType(AttributeType.TENSOR)
                          .setT(content))
                  .build());
          return name;
        });
  }

  private static TensorProto tensor(Tensor data) {
    return TensorProto.newBuilder()
        .setDataType(OnnxTypes.number(data.dtype()))
        .addAllDims(data.shape().toList())
        .setRawData(ByteString.copyFrom(data.bytes()))
        .build();
  }

  @SuppressWarnings("unchecked") // Attributes admits no other lists
  private static AttributeProto attribute(String name, Object value) {
    AttributeProto.Builder out = AttributeProto.newBuilder().setName(name);
    if (value instanceof Long) {
      return out.setType(AttributeType.INT).setI((Long) value).build();
    }
    if (value instanceof Float) {
      return out.setType(AttributeType.FLOAT).setF((Float) value).build();
    }
    if (value instanceof String) {
      ByteString text = ByteString.copyFromUtf8((String) value);
      return out.setType(AttributeType.STRING).setS(text).build();
    }
    if (value instanceof Tensor) {
      return out.setType(AttributeType.TENSOR).setT(tensor((Tensor) value)).build();
    }
    List<?> list = (List<?>) value;
    if (!list.isEmpty() && list.get(0) instanceof Float) {
      return out.setType(AttributeType.FLOATS).addAllFloats((List<Float>) list).build();
    }
    return out.setType(AttributeType.INTS).addAllInts((List<Long>) list).build();
  }

  private static ValueInfoProto info(String name, Value value) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (Dim dim : value.dims().toList()) {
      var out = TensorShapeProto.Dimension.newBuilder();
      shape.addDim(dim.isKnown() ? out.setDimValue(dim.size()) : out.setDimParam(dim.toString()));
    }
    var type =
        TypeProto.Tensor.newBuilder().setElemType(OnnxTypes.number(value.dtype())).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(type))
        .build();
  }

  private static String operator(Node node) {
    String name = node.operator().name();
    return name.equals(Operators.STOP_GRADIENT) ? "Identity" : name;
  }
}
