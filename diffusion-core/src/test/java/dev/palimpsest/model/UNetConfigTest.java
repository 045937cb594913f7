package dev.palimpsest.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.attention.AttentionGraph;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.attention.AttentionSite.Kind;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.UNet2DConditionConfig.Addition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UNetConfigTest {
  /** The configuration of Stable Diffusion 1.5 names nothing that differs from the defaults. */
  private static final Config SD15 = Config.of(Map.of("cross_attention_dim", 768));

  @Test
  void defaultsAreThoseOfStableDiffusion1() {
    var config = UNet2DConditionConfig.of(SD15);
    assertEquals(4, config.inChannels());
    assertEquals(768, config.textWidth());
    assertEquals(List.of(), config.sampleSize());
    assertEquals(ClassEmbedding.NONE, config.classEmbedding());
    assertEquals(Addition.NONE, config.addition());
    assertEquals(OptionalInt.empty(), config.guidanceWidth());
  }

  @Test
  void readsWhatAPipelineNeeds() {
    var config =
        UNet2DConditionConfig.of(
            Config.of(
                Map.of(
                    "sample_size", 128,
                    "addition_embed_type", "text_time",
                    "addition_time_embed_dim", 256,
                    "projection_class_embeddings_input_dim", 2816,
                    "time_cond_proj_dim", 256,
                    "encoder_hid_dim", 4096,
                    "num_class_embeds", 10)));
    assertEquals(List.of(128, 128), config.sampleSize());
    assertEquals(Addition.TEXT_TIME, config.addition());
    assertEquals(OptionalInt.of(256), config.additionTimeWidth());
    assertEquals(OptionalInt.of(2816), config.projectionWidth());
    assertEquals(OptionalInt.of(256), config.guidanceWidth());
    assertEquals(4096, config.textWidth());
    assertEquals(ClassEmbedding.LABEL, config.classEmbedding());
  }

  @Test
  void sitesAreTheAttentionLayersInOrder() {
    List<AttentionSite> sites = AttentionGraph.of(UNet2DConditionModel.graph(SD15)).sites();
    assertEquals(32, sites.size());
    assertEquals(
        new AttentionSite("down_blocks.0.attentions.0.transformer_blocks.0.attn1", Kind.SELF, 8, 1),
        sites.get(0));
    assertEquals(
        new AttentionSite(
            "down_blocks.0.attentions.0.transformer_blocks.0.attn2", Kind.CROSS, 8, 1),
        sites.get(1));
    assertEquals(16, sites.stream().filter(s -> s.kind() == Kind.CROSS).count());
    assertEquals(
        List.of(
            "mid_block.attentions.0.transformer_blocks.0.attn1",
            "mid_block.attentions.0.transformer_blocks.0.attn2"),
        sites.subList(12, 14).stream().map(AttentionSite::name).collect(Collectors.toList()));
    assertEquals("up_blocks.3.attentions.2.transformer_blocks.0.attn2", sites.get(31).name());
    assertEquals(
        List.of(1, 2, 4, 8, 4, 2, 1),
        sites.stream()
            .map(AttentionSite::downscale)
            .reduce(
                new ArrayList<Integer>(),
                (seen, next) -> {
                  if (seen.isEmpty() || !seen.get(seen.size() - 1).equals(next)) {
                    seen.add(next);
                  }
                  return seen;
                },
                (a, b) -> a));
  }

  @Test
  void inputsAndOutputAreSymbolic() {
    Graph graph = UNet2DConditionModel.graph(SD15);
    assertEquals(
        List.of("encoder_hidden_states", "sample", "timestep"),
        graph.inputs().keySet().stream().sorted().collect(Collectors.toList()));
    assertEquals(
        "[batch, 4, height, width]",
        String.valueOf(graph.outputs().values().iterator().next().dims()));
    Graph bound = graph.bind(Map.of("batch", 2L, "height", 63L, "width", 40L, "tokens", 77L));
    assertEquals(
        "[2, 4, 63, 40]", String.valueOf(bound.outputs().values().iterator().next().dims()));
  }

  @ParameterizedTest
  @CsvSource({
    "mid_block_type, UNetMidBlock3D, UNetMidBlock2DCrossAttn",
    "act_fn, selu, mish",
    "resnet_time_scale_shift, spatial, scale_shift",
    "time_embedding_type, cubic, fourier",
    "class_embed_type, image, simple_projection",
    "addition_embed_type, image_hint, text_time",
    "encoder_hid_dim_type, ip_image_proj, text_proj",
    "attention_type, gated, default",
    "num_attention_heads, 8, attention_head_dim",
    "dual_cross_attention, true, false",
    "time_embedding_act_fn, selu, mish",
    "timestep_post_act, selu, mish",
    "fuse_everything, 8, ''",
  })
  void unsupportedValuesAreNamed(String field, String value, String possible) {
    Object parsed = value.equals("true") ? true : value.equals("8") ? (Object) 8 : value;
    Config config = tiny(Map.of(field, parsed));
    var e = assertThrows(UnsupportedModelException.class, () -> UNet2DConditionModel.graph(config));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(field) && message.contains(value), message);
    assertTrue(message.contains(possible), message);
  }

  @Test
  void unsupportedBlocksAreNamed() {
    Config config = tiny(Map.of("down_block_types", List.of("DownBlock2D", "KDownBlock2D")));
    var e = assertThrows(UnsupportedModelException.class, () -> UNet2DConditionModel.graph(config));
    assertTrue(String.valueOf(e.getMessage()).contains("down_block_types = KDownBlock2D"));
    assertTrue(String.valueOf(e.getMessage()).contains("SimpleCrossAttnDownBlock2D"));
    var unconditional =
        assertThrows(
            UnsupportedModelException.class,
            () ->
                UNet2DModel.graph(
                    Config.of(
                        Map.of(
                            "down_block_types", List.of("CrossAttnDownBlock2D"),
                            "up_block_types", List.of("UpBlock2D"),
                            "block_out_channels", List.of(32)))));
    assertTrue(String.valueOf(unconditional.getMessage()).contains("AttnDownBlock2D"));
  }

  @Test
  void missingGroupsAreRefused() {
    var fields = new HashMap<String, Object>(Map.of("cross_attention_dim", 12));
    fields.put("norm_num_groups", null);
    var e =
        assertThrows(
            UnsupportedModelException.class, () -> UNet2DConditionModel.graph(Config.of(fields)));
    assertTrue(String.valueOf(e.getMessage()).contains("norm_num_groups = null"));
  }

  @ParameterizedTest
  @CsvSource({
    "down_block_types, DownBlock2D",
    "layers_per_block, 1",
    "attention_head_dim, 2",
    "only_cross_attention, true",
    "transformer_layers_per_block, 1",
  })
  void listsOfAnotherLengthAreErrors(String field, String element) {
    Object value =
        element.equals("true")
            ? true
            : Character.isDigit(element.charAt(0)) ? (Object) Integer.valueOf(element) : element;
    Config config = tiny(Map.of(field, List.of(value, value, value)));
    var e = assertThrows(IllegalArgumentException.class, () -> UNet2DConditionModel.graph(config));
    assertTrue(String.valueOf(e.getMessage()).contains(field), e.getMessage());
  }

  @Test
  void textWidthsThatDifferAreRefused() {
    Config config = tiny(Map.of("cross_attention_dim", List.of(12, 13)));
    var e = assertThrows(UnsupportedModelException.class, () -> UNet2DConditionModel.graph(config));
    assertTrue(String.valueOf(e.getMessage()).contains("cross_attention_dim = [12, 13]"));
  }

  @Test
  void nestedLayersNeedTheirReverse() {
    Config config =
        tiny(Map.of("transformer_layers_per_block", List.of(List.of(1, 2), List.of(1, 1))));
    var e = assertThrows(IllegalArgumentException.class, () -> UNet2DConditionModel.graph(config));
    assertTrue(String.valueOf(e.getMessage()).contains("reverse_transformer_layers_per_block"));
  }

  @Test
  void concatenatedClassesNeedAClassEmbedding() {
    Config config = tiny(Map.of("class_embeddings_concat", true));
    assertThrows(IllegalArgumentException.class, () -> UNet2DConditionModel.graph(config));
  }

  @Test
  void unconditionalNetworkNamesItsInputs() {
    Config config = Config.of(Map.of("num_class_embeds", 10, "out_channels", 6));
    assertEquals(OptionalInt.of(10), UNet2DConfig.of(config).classes());
    assertEquals(6, UNet2DConfig.of(config).outChannels());
    Graph graph = UNet2DModel.graph(config);
    assertTrue(graph.inputs().containsKey("class_labels"));
    assertFalse(graph.inputs().containsKey("encoder_hidden_states"));
    assertEquals(
        Arrays.asList("down_blocks.1.attentions.0", "down_blocks.1.attentions.1"),
        AttentionGraph.of(graph).sites().stream()
            .limit(2)
            .map(AttentionSite::name)
            .collect(Collectors.toList()));
  }

  /** Two levels, narrow; {@code fields} replace what is there. */
  private static Config tiny(Map<String, Object> fields) {
    var all =
        new HashMap<String, Object>(
            Map.of(
                "block_out_channels", List.of(8, 16),
                "layers_per_block", 1,
                "norm_num_groups", 4,
                "cross_attention_dim", 12,
                "attention_head_dim", 2,
                "down_block_types", List.of("CrossAttnDownBlock2D", "DownBlock2D"),
                "up_block_types", List.of("UpBlock2D", "CrossAttnUpBlock2D")));
    all.putAll(fields);
    return Config.of(all);
  }
}
