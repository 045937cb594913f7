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

  private static void check(GoldenArrays golden, String network) throws IOException {
    OnnxModel model = Onnx.read(file(network));
    try (var session = Session.open(model.graph(), model.parameters()::get, Device.cpu(1))) {
      int cases = 0;
      for (JsonNode goldenCase : golden.cases("onnx")) {
        if (goldenCase.get("id").asText().startsWith(network + "/")) {
          checkCase(golden, goldenCase, session);
          cases++;
        }
      }
      assertEquals(2, cases);
    }
  }

  private static void checkCase(GoldenArrays golden, JsonNode goldenCase, Session session) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    goldenCase
        .get("inputs")
        .fields()
        .forEachRemaining(
            input -> inputs.put(input.getKey(), golden.array(input.getValue().get("key").asText())));
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
