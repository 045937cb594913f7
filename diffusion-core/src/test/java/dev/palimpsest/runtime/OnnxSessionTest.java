package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.OnnxFile;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.graph.onnx.OperatorSetIdProto;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxSessionTest {
  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void writeWeights() throws IOException {
    file = folder.resolve("model.onnx");
    ByteBuffer weight = TestGraphs.WEIGHT.bytes();
    byte[] bytes = new byte[weight.remaining()];
    weight.get(bytes);
    Files.write(folder.resolve("model.onnx_data"), bytes);
  }

  private void write(String weights) throws IOException {
    Files.write(file, Onnx.modelWithoutWeights(TestGraphs.PRODUCT, weights));
  }

  private void write(ModelProto.Builder model) throws IOException {
    Files.write(file, model.build().toByteArray());
  }

  private static ModelProto.Builder model() throws IOException {
    byte[] bytes = Onnx.modelWithoutWeights(TestGraphs.PRODUCT, "model.onnx_data");
    return ModelProto.parseFrom(bytes).toBuilder();
  }

  private static OperatorSetIdProto opset(String domain, long version) {
    return OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version).build();
  }

  private String refused() {
    var e = assertThrows(CheckpointException.class, () -> Session.open(file, Device.cpu(1)));
    return requireNonNull(e.getMessage());
  }

  private String unsupported() {
    var e = assertThrows(UnsupportedModelException.class, () -> Session.open(file, Device.cpu(1)));
    return requireNonNull(e.getMessage());
  }

  @Test
  void runsAFileWithExternalData() throws IOException {
    write("model.onnx_data");
    assertEquals(Set.of("model.onnx_data"), OnnxFile.inspect(file).externalData());
    try (Session session = Session.open(file, Device.cpu(1))) {
      Tensor x = Tensor.of(Shape.of(1, 2), 1f, 10);
      assertArrayEquals(new float[] {41, 52, 63}, TestGraphs.run(session, x).floats());
      assertEquals("[x FLOAT32[rows, 2]]", session.inputs().values().toString());
      assertEquals("[y FLOAT32[rows, 3]]", session.outputs().values().toString());
      assertEquals(file.toString(), session.name());
    }
  }

  @Test
  void theNewestVersionsRun() throws IOException {
    write(
        model()
            .setIrVersion(OnnxSupport.IR_VERSION)
            .clearOpsetImport()
            .addOpsetImport(opset("", OnnxSupport.OPSET)));
    try (Session session = Session.open(file, Device.cpu(1))) {
      Tensor x = Tensor.of(Shape.of(1, 2), 1f, 10);
      assertArrayEquals(new float[] {41, 52, 63}, TestGraphs.run(session, x).floats());
    }
  }

  @Test
  void newerVersionsAreRefusedByNumber() throws IOException {
    write(model().clearOpsetImport().addOpsetImport(opset("", OnnxSupport.OPSET + 1)));
    assertEquals(file + " has opset 27; supported is up to 26", unsupported());
    write(model().clearOpsetImport().addOpsetImport(opset("ai.onnx", OnnxSupport.OPSET + 1)));
    assertEquals(file + " has opset 27; supported is up to 26", unsupported());
    write(model().setIrVersion(OnnxSupport.IR_VERSION + 1));
    assertEquals(file + " has IR version 14; supported is up to 13", unsupported());
  }

  @ParameterizedTest
  @ValueSource(strings = {"../model.onnx_data", "/etc/hostname", ".", "a/../../x", "a\0b"})
  void weightsOutsideTheFolderAreRefused(String location) throws IOException {
    write(location);
    assertTrue(refused().contains("is not inside its folder"), refused());
  }

  @Test
  void weightsBehindALinkOutOfTheFolderAreRefused(@TempDir Path other) throws IOException {
    Path target = Files.move(folder.resolve("model.onnx_data"), other.resolve("elsewhere"));
    Files.createSymbolicLink(folder.resolve("model.onnx_data"), target);
    write("model.onnx_data");
    assertTrue(refused().contains("is not inside its folder"), refused());
  }

  @Test
  void missingWeightsAreNamed() throws IOException {
    write("other_data");
    assertEquals(file + ": its weights' file other_data is missing", refused());
  }

  @Test
  void shortWeightsAreAnError() throws IOException {
    write("model.onnx_data");
    Files.write(folder.resolve("model.onnx_data"), new byte[8]);
    assertThrows(InferenceException.class, () -> Session.open(file, Device.cpu(1)));
  }

  @Test
  void aFileThatIsNoModelIsNamed() throws IOException {
    Files.writeString(file, "this is no model");
    assertTrue(refused().startsWith(file + " is not an ONNX model"), refused());
    Files.write(file, new byte[0]);
    assertTrue(refused().startsWith(file + " is not an ONNX model"), refused());
    Files.delete(file);
    assertThrows(NoSuchFileException.class, () -> Session.open(file, Device.cpu(1)));
  }

  @Test
  void unknownOperatorIsNamed() throws IOException {
    ModelProto.Builder model = model();
    model.getGraphBuilder().getNodeBuilder(0).setOpType("Flux");
    write(model);
    assertTrue(refused().contains("Flux"), refused());
  }

  @Test
  void damagedFilesGiveTypedErrors() throws IOException {
    write("model.onnx_data");
    byte[] good = Files.readAllBytes(file);
    var random = new Random(1);
    int opened = 0;
    for (int round = 0; round < 200; round++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      Files.write(file, bad);
      try (Session session = Session.open(file, Device.cpu(1))) {
        opened++;
      } catch (CheckpointException | UnsupportedModelException | InferenceException e) {
        assertTrue(requireNonNull(e.getMessage()).contains(file.toString()), e.getMessage());
      }
    }
    assertTrue(opened < 200);
  }

  @Test
  void inputsOfAnUnnamedSizeAreFree() throws IOException {
    ModelProto.Builder model = model();
    model
        .getGraphBuilder()
        .getInputBuilder(0)
        .getTypeBuilder()
        .getTensorTypeBuilder()
        .getShapeBuilder()
        .getDimBuilder(0)
        .clear();
    write(model);
    try (Session session = Session.open(file, Device.cpu(1))) {
      Tensor x = Tensor.zeros(Shape.of(5, 2));
      Tensor y = requireNonNull(session.run(Map.of("x", x)).get("y"));
      assertEquals(Shape.of(5, 3), y.shape());
    }
  }
}
