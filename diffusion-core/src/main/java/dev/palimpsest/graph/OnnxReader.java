package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.onnx.AttributeProto;
import dev.palimpsest.graph.onnx.AttributeProto.AttributeType;
import dev.palimpsest.graph.onnx.GraphProto;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.graph.onnx.NodeProto;
import dev.palimpsest.graph.onnx.TensorProto;
import dev.palimpsest.graph.onnx.TensorShapeProto;
import dev.palimpsest.graph.onnx.ValueInfoProto;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads an ONNX model as a graph. */
final class OnnxReader {
  private final String source;
  private final GraphProto proto;
  private final OnnxTensors tensors;
  private final Map<String, Long> opsets;
  private final Map<String, Value> values = new HashMap<>();
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();

  private OnnxReader(String source, ModelProto model, @Nullable ExternalData external) {
    this.source = source;
    this.opsets = OnnxVersions.check(source, model);
    this.proto = model.getGraph();
    this.tensors = new OnnxTensors(source, external);
  }

  static OnnxModel read(String source, ModelProto model, @Nullable ExternalData external)
      throws IOException {
    if (model.getFunctionsCount() > 0) {
      throw new UnsupportedModelException(
          source + " defines function " + model.getFunctions(0).getName() + "; none is supported");
    }
    return new OnnxReader(source, model, external).read();
  }

  private OnnxModel read() throws IOException {
    Set<String> initialized = initializers();
    for (ValueInfoProto input : proto.getInputList()) {
      if (!initialized.contains(input.getName())) {
        declare(input.getName(), input(input));
      }
    }
    for (NodeProto node : proto.getNodeList()) {
      node(node);
    }
    var outputs = new LinkedHashMap<String, Value>();
    for (ValueInfoProto output : proto.getOutputList()) {
      String name = output.getName();
      if (outputs.put(name, value(name, "the graph's output")) != null) {
        throw new CheckpointException(source + ": two outputs are named " + name);
      }
    }
    if (outputs.isEmpty()) {
      throw new CheckpointException(source + ": the graph has no outputs");
    }
    Graph graph = Graph.of(proto.getName().isEmpty() ? "graph" : proto.getName(), outputs);
    parameters.keySet().retainAll(graph.parameters().keySet());
    return new OnnxModel(graph, parameters);
  }

  private Set<String> initializers() throws IOException {
    var names = new HashSet<String>();
    Set<String> sizes = sizesOfResizes();
    for (TensorProto tensor : proto.getInitializerList()) {
      String name = tensor.getName();
      Tensor data = tensors.read(tensor);
      names.add(name);
      if (!OnnxTensors.isExternal(tensor) && isConstant(data, sizes.contains(name))) {
        declare(name, Value.constant(data));
      } else {
        declare(name, Value.parameter(name, data.dtype(), data.shape()));
        parameters.put(name, data);
      }
    }
    return names;
  }

  /** Small integers and single numbers are part of the computation; the rest is weights. */
  private static boolean isConstant(Tensor data, boolean isSize) {
    boolean small = data.elements() <= Contents.MOST;
    return small && (!data.dtype().isFloating() || data.shape().rank() == 0 || isSize);
  }

  private Set<String> sizesOfResizes() {
    var names = new HashSet<String>();
    for (NodeProto node : proto.getNodeList()) {
      if (node.getOpType().equals("Resize") || node.getOpType().equals("Upsample")) {
        names.addAll(
            node.getInputList().subList(Math.min(1, node.getInputCount()), node.getInputCount()));
      }
    }
    return names;
  }

  private Value input(ValueInfoProto input) {
    String name = input.getName();
    if (!input.getType().getTensorType().hasShape() || name.isEmpty()) {
      throw new UnsupportedModelException(
          source
              + ": input "
              + name
              + " is no tensor with a name and a known number of dimensions");
    }
    var dims = new ArrayList<Dim>();
    for (TensorShapeProto.Dimension dim : input.getType().getTensorType().getShape().getDimList()) {
      if (dim.hasDimValue() && dim.getDimValue() > 0) {
        dims.add(Dim.of(dim.getDimValue()));
      } else {
        String symbol = dim.getDimParam();
        dims.add(Dim.symbol(symbol.isEmpty() ? name + "_" + dims.size() : symbol));
      }
    }
    try {
      DType dtype = OnnxTypes.dtype(input.getType().getTensorType().getElemType());
      return Value.input(name, dtype, Dims.of(dims));
    } catch (IllegalArgumentException e) {
      throw new UnsupportedModelException(source + ": input " + name + ": " + e.getMessage(), e);
    }
  }

  private void declare(String name, Value value) throws CheckpointException {
    if (values.put(name, value) != null) {
      throw new CheckpointException(source + ": two values are named '" + name + "'");
    }
  }

  private Value value(String name, String user) throws CheckpointException {
    Value value = values.get(name);
    if (value != null) {
      return value;
    }
    boolean later =
        proto.getNodeList().stream().anyMatch(node -> node.getOutputList().contains(name));
    throw new CheckpointException(
        String.format(
            "%s: %s needs '%s', which %s",
            source,
            user,
            name,
            later ? "only a later node makes: a cycle, or unsorted nodes" : "nothing makes"));
  }

  private void node(NodeProto node) throws IOException {
    String label = label(node);
    var inputs = new ArrayList<@Nullable Value>();
    for (String input : node.getInputList()) {
      inputs.add(input.isEmpty() ? null : value(input, label));
    }
    while (!inputs.isEmpty() && inputs.get(inputs.size() - 1) == null) {
      inputs.remove(inputs.size() - 1);
    }
    Attributes attributes = attributes(node, label);
    List<Value> outputs;
    try {
      outputs = apply(node, inputs, attributes);
    } catch (IllegalArgumentException e) {
      throw new UnsupportedModelException(source + ": " + label + ": " + e.getMessage(), e);
    }
    for (int i = 0; i < node.getOutputCount(); i++) {
      String name = node.getOutput(i);
      if (!name.isEmpty()) {
        if (i >= outputs.size()) {
          throw new UnsupportedModelException(
              source + ": " + label + ": output " + i + " ('" + name + "') is not supported");
        }
        declare(name, outputs.get(i).named(name));
      }
    }
  }

  private List<Value> apply(NodeProto node, List<@Nullable Value> inputs, Attributes attributes) {
    String domain = OnnxVersions.domain(node.getDomain());
    if (domain.equals(Operators.ONNX) && node.getOpType().equals("Constant")) {
      return List.of(Value.constant(OnnxConstants.of(attributes)));
    }
    var call = new OpsetUpgrade.Call(node.getOpType(), node.getOutputCount(), inputs, attributes);
    if (domain.equals(Operators.ONNX)) {
      OpsetUpgrade.apply(call, opset(domain));
    }
    return Operators.get(domain, call.operator).apply(call.inputs, call.attributes);
  }

  private long opset(String domain) {
    return requireNonNull(opsets.getOrDefault(domain, 1L));
  }

  private String label(NodeProto node) {
    String domain = OnnxVersions.domain(node.getDomain());
    return String.format(
        "node '%s' (%s%s, opset %s)",
        node.getName(), domain.isEmpty() ? "" : domain + ".", node.getOpType(), opset(domain));
  }

  private Attributes attributes(NodeProto node, String label) throws IOException {
    Attributes attributes = Attributes.NONE;
    for (AttributeProto attribute : node.getAttributeList()) {
      attributes = attributes.with(attribute.getName(), attribute(attribute, label));
    }
    return attributes;
  }

  private Object attribute(AttributeProto attribute, String label) throws IOException {
    AttributeType type = attribute.getType();
    switch (type) {
      case FLOAT:
        return attribute.getF();
      case INT:
        return attribute.getI();
      case STRING:
        return attribute.getS().toStringUtf8();
      case TENSOR:
        return tensors.read(attribute.getT());
      case FLOATS:
        return List.copyOf(attribute.getFloatsList());
      case INTS:
        return List.copyOf(attribute.getIntsList());
      case UNDEFINED:
      case GRAPH:
      case STRINGS:
      case TENSORS:
      case GRAPHS:
        break;
    }
    throw new UnsupportedModelException(
        String.format(
            "%s: %s has attribute %s of kind %s, which is not supported",
            source, label, attribute.getName(), type));
  }
}
