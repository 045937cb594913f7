package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Networks that torch exported, read and written again. */
class GoldenOnnxTest {
  private static final List<String> NETWORKS =
      List.of("unet", "vae_decoder", "vae_encoder", "text_encoder");

  @TempDir Path temp;

  static Path file(String network) {
    return GoldenArrays.file("onnx_export", "sd_onnx/" + network + "/model.onnx");
  }

  @TestFactory
  List<DynamicTest> whatWasReadComputesTheReferencesNumbers() throws IOException {
    var golden = GoldenArrays.read("onnx_export");
    var tests = new ArrayList<DynamicTest>();
    for (String network : NETWORKS) {
      tests.add(DynamicTest.dynamicTest(network, () -> check(golden, network)));
    }
    return tests;
  }

  private void check(GoldenArrays golden, String network) throws IOException {
    OnnxModel model = Onnx.read(file(network));
    checkCases(golden, network, model);
    Path copy = temp.resolve(network + ".onnx");
    Onnx.write(model.graph(), model.parameters()::get, copy);
    OnnxModel again = Onnx.read(copy);
    Graphs.assertSame(model.graph(), again.graph());
    checkCases(golden, network, again);
    try (var session = Session.open(copy, Device.cpu(1))) {
      assertEquals(model.graph().inputs().keySet(), session.inputs().keySet());
      checkCases(golden, network, session);
    }
  }

  private static void checkCases(GoldenArrays golden, String network, OnnxModel model) {
    try (var session = Session.open(model.graph(), model.parameters()::get, Device.cpu(1))) {
      checkCases(golden, network, session);
    }
  }

  private static void checkCases(GoldenArrays golden, String network, Session session) {
    int cases = 0;
    for (JsonNode goldenCase : golden.cases("onnx")) {
      if (goldenCase.get("id").asText().startsWith(network + "/")) {
        checkCase(golden, goldenCase, session);
        cases++;
      }
    }
    assertEquals(2, cases);
  }

  @Test
  void symbolicSizesAreFollowed() throws IOException {
    Graph unet = Onnx.read(file("unet")).graph();
    String half = "(floor((%s-1)/2)+1)*2";
    assertEquals(
        "[batch, 4, (" + half.formatted("height") + "), (" + half.formatted("width") + ")]",
        dims(unet, "out_sample").toString());
    assertEquals(
        Dims.parse("batch", 4, 8, 12),
        dims(unet.bind(Map.of("height", 8L, "width", 12L)), "out_sample"));
    Graph decoder = Onnx.read(file("vae_decoder")).graph();
    Dims picture = dims(decoder.bind(Map.of("batch", 2L, "h", 8L, "w", 12L)), "sample");
    assertEquals(Dims.of(2, 3, 16, 24), picture);
    Graph text = Onnx.read(file("text_encoder")).graph();
    assertEquals(Dims.parse("batch", "sequence", 32), dims(text, "last_hidden_state"));
    assertEquals(Dims.parse("batch", 32), dims(text, "pooler_output"));
  }

  private static Dims dims(Graph graph, String output) {
    return requireNonNull(graph.outputs().get(output)).dims();
  }

  @Test
  void weightsAreParametersUnderTheirNames() throws IOException {
    OnnxModel model = Onnx.read(file("unet"));
    assertEquals(model.graph().parameters().keySet(), model.parameters().keySet());
    assertTrue(model.parameters().containsKey("m.conv_in.weight"));
    assertTrue(model.parameters().containsKey("m.conv_out.bias"));
  }

  private static void checkCase(GoldenArrays golden, JsonNode goldenCase, Session session) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    goldenCase
        .get("inputs")
        .properties()
        .forEach(
            input ->
                inputs.put(input.getKey(), golden.array(input.getValue().get("key").asText())));
    Map<String, Tensor> outputs = session.run(inputs);
    double atol = goldenCase.get("tolerance").get("atol").asDouble();
    double rtol = goldenCase.get("tolerance").get("rtol").asDouble();
    goldenCase
        .get("expected")
        .fieldNames()
        .forEachRemaining(
            name -> {
              Tensor want = golden.expected(goldenCase, name);
              Tensor got = requireNonNull(outputs.get(name));
              assertEquals(want.shape(), got.shape());
              float[] w = want.floats();
              float[] g = got.floats();
              for (int i = 0; i < w.length; i++) {
                String at = goldenCase.get("id") + " " + name + " " + i + ": " + g[i] + ", " + w[i];
                assertTrue(Math.abs(g[i] - w[i]) <= atol + rtol * Math.abs(w[i]), at);
              }
            });
  }
}
