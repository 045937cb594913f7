package dev.palimpsest.graph;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.onnx.AttributeProto;
import dev.palimpsest.graph.onnx.AttributeProto.AttributeType;
import dev.palimpsest.graph.onnx.FunctionProto;
import dev.palimpsest.graph.onnx.GraphProto;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.graph.onnx.NodeProto;
import dev.palimpsest.graph.onnx.OperatorSetIdProto;
import dev.palimpsest.graph.onnx.StringStringEntryProto;
import dev.palimpsest.graph.onnx.TensorProto;
import dev.palimpsest.graph.onnx.TensorShapeProto;
import dev.palimpsest.graph.onnx.TypeProto;
import dev.palimpsest.graph.onnx.ValueInfoProto;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the reader makes of small models, sound and unsound. */
class OnnxReaderTest {
  @TempDir Path temp;

  // Sound models.

  @Test
  void readsEachWayOfStoringNumbers() throws IOException {
    GraphProto.Builder graph = graph(node("Sum", "y", "x", "raw", "floats", "doubles"));
    graph.addInitializer(weight("raw").setRawData(floats(1, 2)));
    graph.addInitializer(weight("floats").addAllFloatData(List.of(10f, 20f)));
    graph.addInitializer(weight("halves").setDataType(10).addAllInt32Data(List.of(0x3c00, 0xc000)));
    graph.addNode(cast("Cast", "doubles", "halves"));
    graph.addNode(graph.getNode(0)).removeNode(0);
    assertArrayEquals(new float[] {12, 20}, run(graph, 17, 0f, 0f));
  }

  @Test
  void initializersThatOldModelsListAsInputsAreWeights() throws IOException {
    GraphProto.Builder graph = graph(node("Add", "y", "x", "w")).addInput(info("w", 2));
    graph.addInitializer(weight("w").setRawData(floats(1, 2)));
    OnnxModel model = read(model(graph, 17));
    assertEquals(List.of("x"), List.copyOf(model.graph().inputs().keySet()));
    assertEquals(List.of("w"), List.copyOf(model.graph().parameters().keySet()));
  }

  @Test
  void sizesWithoutNameAreNamedAfterTheirInput() throws IOException {
    GraphProto.Builder graph = graph(node("Neg", "y", "x"));
    graph.clearInput().addInput(info("x", 0));
    assertEquals(
        Dims.parse("x_0"), requireNonNull(read(model(graph, 17)).graph().inputs().get("x")).dims());
  }

  @Test
  void attributesThatBecameInputsAreTurned() throws IOException {
    assertArrayEquals(
        new float[] {3}, run(graph(ints(node("ReduceMean", "y", "x"), "axes", 0)), 13, 1f, 5f));
    assertArrayEquals(
        new float[] {6}, run(graph(ints(node("ReduceSum", "y", "x"), "axes", 0)), 11, 1f, 5f));
    assertArrayEquals(
        new float[] {1, 5}, run(graph(ints(node("Unsqueeze", "y", "x"), "axes", 0)), 11, 1f, 5f));
    assertArrayEquals(
        new float[] {0, 1, 5}, run(graph(ints(node("Pad", "y", "x"), "pads", 1, 0)), 10, 1f, 5f));
    assertArrayEquals(
        new float[] {2, 5},
        run(graph(number(number(node("Clip", "y", "x"), "min", 2), "max", 6)), 10, 1f, 5f));
    assertArrayEquals(
        new float[] {5},
        run(graph(ints(ints(node("Slice", "y", "x"), "starts", 1), "ends", 2)), 9, 1f, 5f));
    GraphProto.Builder split = graph(ints(node("Split", "a", "x"), "split", 1, 1).addOutput("y"));
    assertArrayEquals(new float[] {5}, run(split, 11, 1f, 5f));
    GraphProto.Builder halves = graph(node("Split", "a", "x").addOutput("y"));
    assertArrayEquals(new float[] {5}, run(halves, 13, 1f, 5f));
    assertArrayEquals(new float[] {1, 5}, run(graph(node("Dropout", "y", "x")), 13, 1f, 5f));
    NodeProto.Builder softmax = node("Softmax", "y", "x").addAttribute(integer("axis", 0));
    assertArrayEquals(new float[] {0.5f, 0.5f}, run(graph(softmax), 12, 1f, 1f));
  }

  @Test
  void upsamplingOfOldModelsIsResizing() throws IOException {
    GraphProto.Builder graph = graph(node("Upsample", "y", "x", "scales"));
    graph.addInitializer(weight("scales").clearDims().addDims(1).setRawData(floats(2)));
    assertArrayEquals(new float[] {1, 1, 5, 5}, run(graph, 9, 1f, 5f));
  }

  @Test
  void sizesThatAGraphComputesAreFollowed() throws IOException {
    // As torch exports padding: a matrix of pads is turned, reversed and flattened.
    GraphProto.Builder graph = GraphProto.newBuilder().setName("pads").addInput(info("x", 2));
    graph.addInitializer(integers("pads", 3, 1));
    graph.addInitializer(integers("two", 1, 2)).addInitializer(integers("minus1", -1));
    graph.addInitializer(integers("zero", 0)).addInitializer(integers("least", Long.MIN_VALUE));
    graph.addNode(node("Reshape", "matrix", "pads", "two"));
    graph.addNode(node("Slice", "reversed", "matrix", "minus1", "least", "minus1_", "minus1"));
    graph.addInitializer(integers("minus1_", 1));
    graph.addNode(ints(node("Transpose", "turned", "reversed"), "perm", 1, 0));
    graph.addNode(node("Reshape", "flat", "turned", "minus1"));
    graph.addNode(node("Pad", "y", "x", "flat")).addOutput(info("y", 0));
    assertArrayEquals(new float[] {0, 1, 5, 0, 0, 0}, run(graph, 17, 1f, 5f));
    Graph read = read(model(graph, 17)).graph();
    assertEquals(Dims.of(6), requireNonNull(read.outputs().get("y")).dims());
  }

  @Test
  void weightsInOtherFilesAreMapped() throws IOException {
    Files.write(temp.resolve("weights"), floats(9, 9, 1, 2).toByteArray());
    GraphProto.Builder graph = external("weights", "8", "8");
    OnnxModel model = Onnx.read(write(graph));
    Tensor weight = requireNonNull(model.parameters().get("w"));
    assertArrayEquals(new float[] {1, 2}, weight.floats());
    assertTrue(weight.isDirect());
  }

  // Unsound models.

  @Test
  void noOnnxModel() {
    assertEquals(
        "the model is not an ONNX model: it has no graph or IR version",
        refused(new byte[0]).getMessage());
    byte[] whole = model(graph(node("Neg", "y", "x")), 17).toByteArray();
    byte[] truncated = Arrays.copyOf(whole, whole.length - 9);
    assertMessage(refused(truncated), "the model is not an ONNX model");
    byte[] other = "{\"json\": 1}".getBytes(UTF_8);
    assertMessage(refused(other), "the model is not an ONNX model");
  }

  @Test
  void operatorsThatAreNotKnown() {
    NodeProto.Builder node = node("NonMaxSuppression", "y", "x").setName("nms");
    assertMessage(
        unsupported(graph(node), 17), "node 'nms' (NonMaxSuppression, opset 17)", "not known");
    NodeProto.Builder foreign = node("Swish", "y", "x").setName("s").setDomain("org.example");
    assertMessage(unsupported(graph(foreign), 17), "node 's' (org.example.Swish, opset 1)");
  }

  @Test
  void subgraphsAndFunctions() {
    NodeProto.Builder node = node("If", "y", "x").setName("branch");
    node.addAttribute(
        AttributeProto.newBuilder()
            .setName("then_branch")
            .setType(AttributeType.GRAPH)
            .setG(GraphProto.newBuilder()));
    assertMessage(
        unsupported(graph(node), 17), "node 'branch' (If, opset 17)", "then_branch", "GRAPH");
    ModelProto functions =
        model(graph(node("Neg", "y", "x")), 17).toBuilder()
            .addFunctions(FunctionProto.newBuilder().setName("MyGelu"))
            .build();
    assertMessage(
        assertThrows(UnsupportedModelException.class, () -> read(functions)), "function MyGelu");
  }

  @Test
  void newerVersions() {
    GraphProto.Builder graph = graph(node("Neg", "y", "x"));
    assertMessage(unsupported(graph, 24), "opset 24", "up to 23");
    assertMessage(unsupported(graph, 6), "opset 6", "7 to 23");
    ModelProto newer = model(graph, 17).toBuilder().setIrVersion(12).build();
    assertMessage(
        assertThrows(UnsupportedModelException.class, () -> read(newer)),
        "IR version 12",
        "up to 11");
  }

  @Test
  void oldFormsWithoutEqual() {
    NodeProto.Builder unused = ints(node("Neg", "y", "x"), "unused");
    assertMessage(unsupported(graph(unused), 17), "no attribute unused");
    assertMessage(unsupported(graph(node("Softmax", "y", "x")), 12), "last axis", "axis 1");
    GraphProto.Builder scales = graph(node("Upsample", "y", "x"));
    assertMessage(unsupported(scales, 9), "scales are missing");
  }

  @Test
  void namesThatNothingMakes() {
    assertMessage(malformed(graph(node("Neg", "y", "z"))), "needs 'z', which nothing makes");
    assertMessage(
        malformed(graph(node("Neg", "z", "x"))), "the graph's output needs 'y', which nothing");
    GraphProto.Builder cycle = graph(node("Add", "y", "x", "z")).addNode(node("Neg", "z", "y"));
    assertMessage(malformed(cycle), "needs 'z', which only a later node makes", "cycle");
    assertMessage(malformed(graph(node("Neg", "y", "x")).clearOutput()), "no outputs");
  }

  @Test
  void namesThatAreThereTwice() {
    assertMessage(malformed(graph(node("Neg", "x", "x"))), "two values are named 'x'");
    GraphProto.Builder twice = graph(node("Neg", "y", "x")).addOutput(info("y", 2));
    assertMessage(malformed(twice), "two outputs are named y");
    GraphProto.Builder weights = graph(node("Neg", "y", "x"));
    weights.addInitializer(weight("w").setRawData(floats(1, 2)));
    weights.addInitializer(weight("w").setRawData(floats(1, 2)));
    assertMessage(malformed(weights), "two values are named 'w'");
  }

  @Test
  void tensorsWhoseDataDoesNotFit() {
    GraphProto.Builder graph = graph(node("Neg", "y", "x"));
    assertMessage(
        malformed(graph.clone().addInitializer(weight("w").setRawData(floats(1)))),
        "tensor w of shape [2] needs 8 bytes, has 4");
    assertMessage(
        malformed(graph.clone().addInitializer(weight("w").addFloatData(1))),
        "tensor w of shape [2] needs 2 elements, has 1");
    assertMessage(
        malformed(graph.clone().addInitializer(weight("w").addDims(-1))), "tensor w", "-1");
    long huge = 1L << 40;
    assertMessage(
        malformed(graph.clone().addInitializer(weight("w").addDims(huge).addDims(huge))),
        "tensor w");
    assertMessage(
        malformed(
            graph.clone().addInitializer(weight("w").addDims(1L << 61).setRawData(floats(1)))),
        "too large");
    assertMessage(
        unsupported(graph.clone().addInitializer(weight("w").setDataType(8)), 17),
        "tensor w",
        "element type 8");
  }

  @Test
  void nodesThatDoNotFit() {
    assertMessage(
        unsupported(graph(node("MatMul", "y", "x", "x")), 17), "ranks must be at least 2");
    assertMessage(unsupported(graph(node("Add", "y", "x")), 17), "Add takes 2 to 2 inputs, got 1");
    assertMessage(
        unsupported(graph(node("Neg", "y", "x").addOutput("second")), 17), "output 1 ('second')");
    GraphProto.Builder graph = graph(node("Reshape", "y", "x", "n"));
    graph.addNode(0, node("NonZeroSizes", "n", "x").setOpType("ArgMax"));
    assertMessage(unsupported(graph, 17), "must be a known vector of integers");
  }

  @Test
  void expressionsThatDoubleAtEachNode() {
    GraphProto.Builder graph = GraphProto.newBuilder().setName("g").addInput(info("x", 0));
    for (int i = 0; i < 60; i++) {
      NodeProto.Builder concat = node("Concat", "x" + i, i == 0 ? "x" : "x" + (i - 1));
      concat.addInput(concat.getInput(0));
      concat.addAttribute(integer("axis", 0));
      graph.addNode(concat);
    }
    graph.addOutput(info("x59", 0));
    assertMessage(unsupported(graph, 17), "expression exceeds 2000 characters");
  }

  @Test
  void weightsOutsideTheFolder() throws IOException {
    Path secret = Files.write(temp.resolve("secret"), new byte[64]);
    Path folder = Files.createDirectory(temp.resolve("model"));
    Files.createSymbolicLink(folder.resolve("link"), secret);
    for (String location :
        List.of("../secret", secret.toString(), "", ".", "a/../../secret", "link")) {
      Path file = folder.resolve("m.onnx");
      Files.write(file, model(external(location, "0", "8"), 17).toByteArray());
      assertMessage(
          assertThrows(CheckpointException.class, () -> Onnx.read(file)),
          "'" + location + "' is not inside its folder");
    }
    assertMessage(refused(model(external("weights", "0", "8"), 17).toByteArray()), "no folder");
  }

  @Test
  void weightsOutsideTheirFile() throws IOException {
    Files.write(temp.resolve("weights"), new byte[16]);
    List<List<String>> places =
        List.of(
            List.of("16", "8"),
            List.of("9", "8"),
            List.of("0", "4"),
            List.of("0", "9223372036854775807"),
            List.of("9223372036854775807", "8"),
            List.of("-8", "8"),
            List.of("0", "-1"),
            List.of("here", "8"));
    for (List<String> place : places) {
      Path file = write(external("weights", place.get(0), place.get(1)));
      assertMessage(assertThrows(CheckpointException.class, () -> Onnx.read(file)), "tensor w");
    }
    Path missing = write(external("nowhere", "0", "8"));
    assertMessage(
        assertThrows(CheckpointException.class, () -> Onnx.read(missing)), "nowhere is missing");
  }

  // Models to try.

  static GraphProto.Builder graph(NodeProto.Builder node) {
    return GraphProto.newBuilder()
        .setName("g")
        .addInput(info("x", 2))
        .addNode(node)
        .addOutput(info("y", 0));
  }

  private static NodeProto.Builder node(String operator, String output, String... inputs) {
    return NodeProto.newBuilder()
        .setOpType(operator)
        .addOutput(output)
        .addAllInput(Arrays.asList(inputs));
  }

  private static NodeProto.Builder cast(String operator, String output, String input) {
    return node(operator, output, input).addAttribute(integer("to", 1));
  }

  private static AttributeProto integer(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value).build();
  }

  private static NodeProto.Builder ints(NodeProto.Builder node, String name, long... values) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    Arrays.stream(values).forEach(attribute::addInts);
    return node.addAttribute(attribute);
  }

  private static NodeProto.Builder number(NodeProto.Builder node, String name, float value) {
    return node.addAttribute(
        AttributeProto.newBuilder().setName(name).setType(AttributeType.FLOAT).setF(value));
  }

  /** A float vector of {@code size} elements, 0 for any number. */
  private static ValueInfoProto info(String name, int size) {
    var shape = TensorShapeProto.newBuilder();
    shape.addDimBuilder().setDimValue(size);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(1).setShape(shape)))
        .build();
  }

  private static TensorProto.Builder weight(String name) {
    return TensorProto.newBuilder().setName(name).setDataType(1).addDims(2);
  }

  private static TensorProto integers(String name, long... values) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setName(name).setDataType(7).addDims(values.length);
    Arrays.stream(values).forEach(tensor::addInt64Data);
    return tensor.build();
  }

  private static GraphProto.Builder external(String location, String offset, String length) {
    GraphProto.Builder graph = graph(node("Add", "y", "x", "w"));
    return graph.addInitializer(
        weight("w")
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(entry("location", location))
            .addExternalData(entry("offset", offset))
            .addExternalData(entry("length", length)));
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private static ByteString floats(float... values) {
    return ByteString.copyFrom(Tensor.of(Shape.of(values.length), values).bytes());
  }

  static ModelProto model(GraphProto.Builder graph, long opset) {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .setGraph(graph)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(opset))
        .build();
  }

  private Path write(GraphProto.Builder graph) throws IOException {
    return Files.write(temp.resolve("m.onnx"), model(graph, 17).toByteArray());
  }

  private static OnnxModel read(ModelProto model) throws IOException {
    return Onnx.read(model.toByteArray());
  }

  private static float[] run(GraphProto.Builder graph, long opset, float... x) throws IOException {
    OnnxModel model = read(model(graph, opset));
    try (Session session = Session.open(model.graph(), model.parameters()::get, Device.cpu(1))) {
      float[] padded = Arrays.copyOf(x, 2);
      Tensor in = Tensor.of(Shape.of(2), padded);
      return requireNonNull(session.run(Map.of("x", in)).get("y")).floats();
    }
  }

  private static Exception refused(byte[] model) {
    return assertThrows(CheckpointException.class, () -> Onnx.read(model));
  }

  private static Exception malformed(GraphProto.Builder graph) {
    return refused(model(graph, 17).toByteArray());
  }

  private static Exception unsupported(GraphProto.Builder graph, long opset) {
    return assertThrows(UnsupportedModelException.class, () -> read(model(graph, opset)));
  }

  private static void assertMessage(Exception found, String... parts) {
    for (String part : parts) {
      assertTrue(String.valueOf(found.getMessage()).contains(part), found::toString);
    }
  }
}
