package dev.palimpsest.model;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionGraph;
import dev.palimpsest.attention.SiteSelection;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Outputs of the U-Nets against diffusers' on the same weights. */
class UNetGoldenTest {
  // Ten times tighter than the tolerance of the shared cases, which is 2e-4 and 1e-3.
  private static final double ATOL = 2e-5;
  private static final double RTOL = 1e-4;

  /** An edit that changes nothing, so that attention is written out. */
  private static final AttentionEdit IDENTITY =
      ((AttentionEdit) (site, probabilities, graph) -> probabilities).at(SiteSelection.all());

  private static final Set<String> WRITTEN_OUT =
      Set.of("plain", "heads_that_leave_a_rest", "simple_cross_attention", "ddpm");

  private static final Set<String> STORED =
      Set.of(
          "sd2_v_bf16",
          "sdxl_sharded",
          "inpaint9_fp16",
          "deep3_lcm",
          "class_learned_scaleshift",
          "resnet_updown_timestepclass");

  @TestFactory
  Stream<DynamicTest> configurations() throws IOException {
    GoldenArrays arrays = GoldenArrays.read("unets");
    return cases(arrays)
        .map(
            c ->
                dynamicTest(
                    c.get("id").asText(),
                    () -> {
                      Graph graph = graph(c, UNetCases.config(c.get("config")));
                      compare(arrays, c, graph, weights(c, graph), "out_sample");
                    }));
  }

  @TestFactory
  Stream<DynamicTest> writtenOutAttention() throws IOException {
    GoldenArrays arrays = GoldenArrays.read("unets");
    return cases(arrays)
        .filter(c -> WRITTEN_OUT.contains(c.get("id").asText()))
        .map(
            c ->
                dynamicTest(
                    c.get("id").asText(),
                    () -> {
                      Config config = UNetCases.config(c.get("config"));
                      Graph graph = AttentionGraph.of(graph(c, config)).edited(List.of(IDENTITY));
                      compare(arrays, c, graph, weights(c, graph), "out_sample");
                    }));
  }

  @TestFactory
  Stream<DynamicTest> checkpoints() throws IOException {
    GoldenArrays arrays = GoldenArrays.read("unets_shared");
    return cases(arrays)
        .filter(c -> STORED.contains(model(c)))
        .map(
            c ->
                dynamicTest(
                    c.get("id").asText(),
                    () -> {
                      Component network =
                          Checkpoint.readComponent(GoldenArrays.file("unets_shared", model(c)));
                      Graph graph = graph(c, network.config());
                      assertEquals(network.weights().names(), graph.parameters().keySet());
                      compare(arrays, c, graph, network.weights()::get, "sample");
                    }));
  }

  private static String model(JsonNode c) {
    String id = c.get("id").asText();
    return id.substring(0, id.indexOf('/'));
  }

  private static Stream<JsonNode> cases(GoldenArrays arrays) {
    return Stream.of("unet2d_condition", "unet2d")
        .flatMap(kind -> StreamSupport.stream(arrays.cases(kind).spliterator(), false));
  }

  private static Graph graph(JsonNode c, Config config) {
    return c.get("kind").asText().equals("unet2d")
        ? UNet2DModel.graph(config)
        : UNet2DConditionModel.graph(config);
  }

  private static Function<String, Tensor> weights(JsonNode c, Graph graph) throws IOException {
    Map<String, Shape> expected =
        UNetCases.networks().stream()
            .filter(n -> n.name().equals(c.get("id").asText()))
            .findFirst()
            .orElseThrow()
            .parameters();
    var found = new TreeMap<String, Shape>();
    graph.parameters().forEach((name, value) -> found.put(name, value.shape()));
    assertEquals(expected, found);
    Map<String, Tensor> weights = UNetCases.weights(graph, c.get("seed").asLong());
    return name -> requireNonNull(weights.get(name));
  }

  private static void compare(
      GoldenArrays arrays,
      JsonNode c,
      Graph graph,
      Function<String, Tensor> weights,
      String expected) {
    Map<String, Tensor> inputs = UNetCases.inputs(arrays, c, graph);
    Tensor want = arrays.expected(c, expected);
    try (Session session = Session.open(graph, weights, Device.cpu(1))) {
      Tensor got = requireNonNull(session.run(inputs).get("out_sample"));
      assertEquals(want.shape(), got.shape());
      double excess = UNetCases.excess(got, want, ATOL, RTOL);
      assertTrue(excess <= 1, () -> "error is " + excess + " times the tolerance");
    }
  }
}
