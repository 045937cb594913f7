package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.graph.onnx.NodeProto;
import dev.palimpsest.graph.onnx.StringStringEntryProto;
import dev.palimpsest.graph.onnx.TensorProto;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class OnnxExportTest {
  private static final Graph PRODUCT =
      Graph.of(
          "product",
          "y",
          Value.input("x", DType.FLOAT32, Dims.parse("rows", 2))
              .matmul(Value.parameter("w", DType.FLOAT32, Shape.of(2, 3)))
              .add(Value.parameter("b", DType.FLOAT32, Shape.of(3)))
              .add(Value.constant(Tensor.of(Shape.of(3), 1f, 2f, 3f))));
  private static final Map<String, Tensor> WEIGHTS =
      Map.of(
          "w", Tensor.of(Shape.of(2, 3), 1f, 2, 3, 4, 5, 6),
          "b", Tensor.of(Shape.of(3), 7f, 8, 9));

  @TempDir Path temp;

  @TestFactory
  List<DynamicTest> networksSurviveTheFile() throws IOException {
    var tests = new ArrayList<DynamicTest>();
    for (TinyNetwork network : TinyNetwork.all()) {
      tests.add(DynamicTest.dynamicTest(network.name(), () -> survives(network)));
    }
    return tests;
  }

  private void survives(TinyNetwork network) throws IOException {
    Path file = temp.resolve(network.name() + ".onnx");
    Onnx.write(network.graph(), network.weights(), file);
    OnnxModel read = Onnx.read(file);
    Graphs.assertSame(network.graph(), read.graph());
    read.parameters()
        .forEach(
            (name, data) ->
                assertEquals(
                    network.weights().apply(name).as(DType.FLOAT32).bytes(), data.bytes(), name));
    try (var direct = Session.open(network.graph(), network.weights(), Device.cpu(1));
        var fromFile = Session.open(file, Device.cpu(1))) {
      Map<String, Tensor> inputs = network.inputs();
      Map<String, Tensor> found = fromFile.run(inputs);
      direct
          .run(inputs)
          .forEach(
              (name, want) ->
                  assertArrayEquals(
                      want.floats(), requireNonNull(found.get(name)).floats(), 1e-5f, name));
    }
  }

  @Test
  void nodesBearTheNetworksNames() throws IOException {
    TinyNetwork unet = TinyNetwork.all().get(0);
    var names = new HashSet<String>();
    for (NodeProto node :
        OnnxWriter.write(unet.graph(), locations(unet.graph())).getGraph().getNodeList()) {
      assertTrue(names.add(node.getName()), node.getName());
    }
    for (String name :
        List.of(
            "conv_in",
            "time_embedding.linear_1",
            "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
            "down_blocks.0.resnets.0.norm1",
            "mid_block.resnets.0.conv1",
            "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0",
            "out_sample")) {
      assertTrue(names.contains(name), () -> name + " is not among " + names);
    }
  }

  private static Map<String, OnnxWriter.Location> locations(Graph graph) {
    return graph.parameters().keySet().stream()
        .collect(Collectors.toMap(name -> name, name -> new OnnxWriter.Location("w", 0, 0)));
  }

  @Test
  void weightsLieAtPagesOfTheDataFile() throws IOException {
    Path file = temp.resolve("model.onnx");
    Onnx.write(PRODUCT, WEIGHTS::get, file);
    assertEquals(List.of("model.onnx", "model.onnx_data"), files());
    ModelProto model = OnnxFile.parse(file);
    var places = new ArrayList<Map<String, String>>();
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      places.add(
          tensor.getExternalDataList().stream()
              .collect(
                  Collectors.toMap(
                      StringStringEntryProto::getKey, StringStringEntryProto::getValue)));
    }
    assertEquals(
        List.of(
            Map.of("location", "model.onnx_data", "offset", "0", "length", "24"),
            Map.of("location", "model.onnx_data", "offset", "4096", "length", "12")),
        places);
    assertEquals(4096 + 12, Files.size(temp.resolve("model.onnx_data")));
  }

  @Test
  void weightsAreStoredInTheGraphsType() throws IOException {
    Path file = temp.resolve("half.onnx");
    Onnx.write(PRODUCT.toHalfPrecision(), WEIGHTS::get, file);
    OnnxModel model = Onnx.read(file);
    Tensor weight = requireNonNull(model.parameters().get("w"));
    assertEquals(DType.FLOAT16, weight.dtype());
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, weight.floats());
  }

  @Test
  void refusesWeightsThatDoNotFitAndLeavesNothing() throws IOException {
    Path file = temp.resolve("model.onnx");
    Tensor wrong = Tensor.zeros(Shape.of(3, 2));
    assertMessage(
        assertThrows(IllegalArgumentException.class, () -> Onnx.write(PRODUCT, n -> wrong, file)),
        "parameter w is FLOAT32[3, 2], expected w:FLOAT32[2, 3]");
    Tensor integers = Tensor.of(Shape.of(2, 3), new long[6]);
    assertMessage(
        assertThrows(
            IllegalArgumentException.class, () -> Onnx.write(PRODUCT, n -> integers, file)),
        "parameter w is INT64[2, 3]");
    assertMessage(
        assertThrows(
            IllegalArgumentException.class,
            () -> Onnx.write(PRODUCT, Map.of("w", requireNonNull(WEIGHTS.get("w")))::get, file)),
        "no weight for parameter b");
    assertEquals(List.of(), files());
  }

  @Test
  void anUnwritablePlaceIsNamed() {
    Path file = temp.resolve("missing").resolve("model.onnx");
    assertMessage(
        assertThrows(CheckpointException.class, () -> Onnx.write(PRODUCT, WEIGHTS::get, file)),
        file + ": cannot be written");
  }

  @Test
  void aFailureLeavesTheOldFiles() throws IOException {
    Path file = temp.resolve("model.onnx");
    Onnx.write(PRODUCT, WEIGHTS::get, file);
    assertThrows(
        IllegalArgumentException.class, () -> Onnx.write(PRODUCT, n -> Tensor.scalar(1f), file));
    assertEquals(List.of("model.onnx", "model.onnx_data"), files());
    Graphs.assertSame(PRODUCT, Onnx.read(file).graph());
  }

  private List<String> files() throws IOException {
    try (var list = Files.list(temp)) {
      return list.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static void assertMessage(Exception found, String part) {
    assertTrue(String.valueOf(found.getMessage()).contains(part), found::toString);
  }
}
