package dev.palimpsest.model;

import static dev.palimpsest.model.GoldenNetworks.check;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** In {@code clip_full_fp16} the rows of the token embedding that no case reads are zero. */
class ClipTextModelTest {
  private static final GoldenArrays GOLDEN = GoldenNetworks.area("text");

  @Test
  void givesWhatTransformersGives() {
    int cases = 0;
    for (JsonNode golden : GOLDEN.cases("clip_text")) {
      checkCase(golden);
      cases++;
    }
    assertEquals(8, cases);
  }

  private static void checkCase(JsonNode golden) {
    Component component = GoldenNetworks.component(golden);
    int layers = ClipTextConfig.of(component.config()).layers();
    var wanted = new ArrayList<String>();
    for (int i = 0; i <= layers; i++) {
      wanted.add(ClipTextModel.hiddenState(i));
    }
    wanted.add(ClipTextModel.hiddenState(-2));
    wanted.add(ClipTextModel.clipSkip(1));
    wanted.addAll(ClipTextModel.graph(component.config()).outputs().keySet());
    Graph graph = ClipTextModel.graph(component.config(), wanted);
    Map<String, Tensor> out;
    try (Session session = GoldenNetworks.open(graph, component.weights())) {
      Tensor ids = GoldenNetworks.input(GOLDEN, golden, "input_ids");
      out = new HashMap<>(session.run(Map.of(ClipTextModel.INPUT_IDS, ids)));
    }
    out.put("hidden_states_m2", out(out, ClipTextModel.hiddenState(-2)));
    out.put("clip_skip_1", out(out, ClipTextModel.clipSkip(1)));
    out.put("hidden_states", stacked(out, layers));
    golden
        .get("expected")
        .fieldNames()
        .forEachRemaining(n -> check(GOLDEN, golden, n, out(out, n)));
  }

  private static Tensor stacked(Map<String, Tensor> out, int layers) {
    var states = new ArrayList<Tensor>();
    for (int i = 0; i <= layers; i++) {
      Tensor state = out(out, ClipTextModel.hiddenState(i));
      Shape shape = state.shape();
      states.add(state.reshape(Shape.of(1, shape.dim(0), shape.dim(1), shape.dim(2))));
    }
    return Tensor.concat(states);
  }

  private static Tensor out(Map<String, Tensor> outputs, String name) {
    return requireNonNull(outputs.get(name), name);
  }

  @Test
  void needsTheWeightsOfTheFiles() throws CheckpointException {
    for (JsonNode golden : GOLDEN.cases("clip_text")) {
      Component component = GoldenNetworks.component(golden);
      GoldenNetworks.checkParameters(component.weights(), ClipTextModel.graph(component.config()));
    }
  }

  @Test
  void hasTheParametersOfPublishedEncoders() {
    checkPublished(
        "sd15/text_encoder",
        config(768, 3072, 12, 12).with("hidden_act", "quick_gelu").with("projection_dim", 768),
        196);
    checkPublished(
        "sd21/text_encoder",
        config(1024, 4096, 23, 16).with("hidden_act", "gelu").with("projection_dim", 512),
        372);
    checkPublished(
        "sdxl/text_encoder_2",
        config(1280, 5120, 32, 20)
            .with("architectures", List.of("CLIPTextModelWithProjection"))
            .with("hidden_act", "gelu")
            .with("projection_dim", 1280),
        517);
  }

  private static void checkPublished(String network, Fields config, int count) {
    Map<String, Shape> published = GoldenNetworks.published(network);
    assertEquals(count, published.size(), network);
    assertEquals(
        published, GoldenNetworks.parameters(ClipTextModel.graph(config.config())), network);
  }

  private static Fields config(int hidden, int intermediate, int layers, int heads) {
    return new Fields(Map.of())
        .with("hidden_size", hidden)
        .with("intermediate_size", intermediate)
        .with("num_hidden_layers", layers)
        .with("num_attention_heads", heads)
        .with("eos_token_id", 2);
  }

  @Test
  void leavesOutLayersThatNoOutputNeeds() {
    Config config = config(16, 32, 3, 2).config();
    Graph graph = ClipTextModel.graph(config, List.of(ClipTextModel.hiddenState(-2)));
    assertEquals(2 + 2 * 16, graph.parameters().size());
    assertTrue(graph.parameters().keySet().stream().noneMatch(n -> n.contains("layers.2")));
    assertTrue(graph.parameters().keySet().stream().noneMatch(n -> n.contains("final")));
  }

  @Test
  void defaultsAreThoseOfTransformers() {
    assertEquals(
        new ClipTextConfig(
            49408, 512, 2048, 12, 8, 77, "quick_gelu", 1e-5, 49407, OptionalInt.of(512)),
        ClipTextConfig.of(Config.of(Map.of())));
    Graph graph = ClipTextModel.graph(Config.of(Map.of()));
    assertEquals(
        Set.of(ClipTextModel.LAST_HIDDEN_STATE, ClipTextModel.POOLER_OUTPUT),
        graph.outputs().keySet());
  }

  @Test
  void refusesMoreTokensThanPositions() {
    JsonNode golden = GOLDEN.cases("clip_text").iterator().next();
    Component component = GoldenNetworks.component(golden);
    Graph graph = ClipTextModel.graph(component.config());
    Tensor ids = Tensor.of(Shape.of(1, 78), new long[78]);
    try (Session session = GoldenNetworks.open(graph, component.weights())) {
      assertThrows(
          InferenceException.class, () -> session.run(Map.of(ClipTextModel.INPUT_IDS, ids)));
    }
  }

  @Test
  void refusesOtherActivations() {
    assertNames(
        UnsupportedModelException.class,
        Map.of("hidden_act", "gelu_new"),
        "gelu_new",
        "quick_gelu");
  }

  @Test
  void refusesOtherNetworks() {
    assertNames(UnsupportedModelException.class, Map.of("model_type", "t5"), "t5");
  }

  @Test
  void refusesHeadsThatDoNotDivide() {
    assertNames(
        IllegalArgumentException.class,
        Map.of("hidden_size", 10, "num_attention_heads", 3),
        "hidden_size 10",
        "num_attention_heads = 3");
  }

  @Test
  void refusesImpossibleSizes() {
    assertNames(
        IllegalArgumentException.class, Map.of("num_hidden_layers", 0), "num_hidden_layers", "0");
    assertNames(IllegalArgumentException.class, Map.of("vocab_size", "many"), "vocab_size", "many");
  }

  @Test
  void refusesSeveralEndTokens() {
    assertNames(
        IllegalArgumentException.class, Map.of("eos_token_id", List.of(1, 2)), "eos_token_id");
  }

  @Test
  void refusesUnknownOutputs() {
    Config config = config(16, 32, 2, 2).config();
    for (String name : List.of("logits", "hidden_states.3", "hidden_states.-4", "clip_skip.3")) {
      var e =
          assertThrows(
              IllegalArgumentException.class, () -> ClipTextModel.graph(config, List.of(name)));
      assertTrue(String.valueOf(e.getMessage()).contains(name), e.getMessage());
    }
  }

  private static void assertNames(
      Class<? extends RuntimeException> type, Map<String, Object> fields, String... parts) {
    var e = assertThrows(type, () -> ClipTextModel.graph(Config.of(fields)));
    for (String part : parts) {
      assertTrue(String.valueOf(e.getMessage()).contains(part), e.getMessage());
    }
  }

  /** Fields of a configuration, one put upon the other. */
  private record Fields(Map<String, Object> map) {
    Fields with(String name, Object value) {
      var copy = new HashMap<>(map);
      copy.put(name, value);
      return new Fields(copy);
    }

    Config config() {
      return Config.of(map);
    }
  }
}
