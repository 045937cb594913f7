package dev.palimpsest.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Deviations and bounds are those of torch 2.15.0, diffusers 0.42.1 and transformers 5.23.0. */
class InitializationTest {
  private static final Config UNET =
      Config.of(
          Map.of(
              "block_out_channels",
              List.of(32, 64),
              "down_block_types",
              List.of("DownBlock2D", "AttnDownBlock2D"),
              "up_block_types",
              List.of("AttnUpBlock2D", "UpBlock2D"),
              "norm_num_groups",
              8,
              "num_class_embeds",
              200,
              "time_embedding_type",
              "fourier"));

  private static final Config CLIP =
      Config.of(
          Map.of(
              "vocab_size", 1000,
              "hidden_size", 64,
              "intermediate_size", 128,
              "num_hidden_layers", 3,
              "num_attention_heads", 4));

  private static double deviation(Weights weights, String name) {
    float[] values = weights.get(name).floats();
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares / values.length);
  }

  private static double largest(Weights weights, String name) {
    double largest = 0;
    for (float value : weights.get(name).floats()) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static void uniform(Weights weights, String name, double fanIn) {
    double bound = 1 / Math.sqrt(fanIn);
    double largest = largest(weights, name);
    assertTrue(largest <= bound && largest > 0.8 * bound, name + " " + largest + " of " + bound);
    double expected = bound / Math.sqrt(3);
    double tolerance = 3 * expected / Math.sqrt(weights.shape(name).elements());
    assertEquals(expected, deviation(weights, name), tolerance, name);
  }

  private static void normal(Weights weights, String name, double expected) {
    double tolerance = 3 * expected / Math.sqrt(2.0 * weights.shape(name).elements());
    assertEquals(expected, deviation(weights, name), tolerance, name);
    assertTrue(largest(weights, name) > 2 * expected, name);
  }

  private static void filled(Weights weights, String name, float expected) {
    for (float value : weights.get(name).floats()) {
      assertEquals(expected, value, name);
    }
  }

  @Test
  void unet() {
    Weights weights = Initialization.torch(UNet2DModel.graph(UNET), 5);
    assertEquals(UNet2DModel.graph(UNET).parameters().keySet().size(), weights.names().size());
    uniform(weights, "conv_in.weight", 27);
    uniform(weights, "conv_in.bias", 27);
    uniform(weights, "down_blocks.1.resnets.0.conv2.weight", 64 * 9);
    uniform(weights, "down_blocks.1.attentions.0.to_q.weight", 64);
    uniform(weights, "down_blocks.1.attentions.0.to_out.0.bias", 64);
    uniform(weights, "time_embedding.linear_1.bias", 64);
    filled(weights, "conv_norm_out.weight", 1);
    filled(weights, "conv_norm_out.bias", 0);
    normal(weights, "class_embedding.weight", 1);
    normal(weights, "time_proj.weight", 16);
  }

  @Test
  void unetWithText() {
    var fields = new HashMap<>(UNET.asMap());
    fields.put("down_block_types", List.of("DownBlock2D", "CrossAttnDownBlock2D"));
    fields.put("up_block_types", List.of("CrossAttnUpBlock2D", "UpBlock2D"));
    fields.put("cross_attention_dim", 24);
    fields.put("class_embed_type", "simple_projection");
    fields.put("projection_class_embeddings_input_dim", 50);
    Weights weights = Initialization.torch(UNet2DConditionModel.graph(Config.of(fields)), 5);
    String attention = "down_blocks.1.attentions.0.transformer_blocks.0.";
    uniform(weights, attention + "attn2.to_k.weight", 24);
    filled(weights, attention + "norm1.weight", 1);
    filled(weights, attention + "norm1.bias", 0);
    normal(weights, "time_proj.weight", 1);
    uniform(weights, "class_embedding.weight", 50);
    uniform(weights, "class_embedding.bias", 50);
  }

  @Test
  void textEncoder() {
    Weights weights = Initialization.clip(ClipTextModel.graph(CLIP), CLIP, 5);
    String layer = "text_model.encoder.layers.1.";
    normal(weights, "text_model.embeddings.token_embedding.weight", 0.02);
    normal(weights, "text_model.embeddings.position_embedding.weight", 0.02);
    normal(weights, layer + "self_attn.q_proj.weight", 0.125 / Math.sqrt(6));
    normal(weights, layer + "self_attn.out_proj.weight", 0.125);
    normal(weights, layer + "mlp.fc1.weight", 1 / Math.sqrt(128));
    normal(weights, layer + "mlp.fc2.weight", 0.125 / Math.sqrt(6));
    filled(weights, layer + "mlp.fc1.bias", 0);
    filled(weights, layer + "layer_norm1.weight", 1);
    filled(weights, layer + "layer_norm1.bias", 0);
  }

  @Test
  void aParametersNumbersDependOnItsNameAndTheSeedOnly() {
    Value x = Value.input("x", DType.FLOAT32, dev.palimpsest.graph.Dims.of(2, 4));
    Value w = Value.parameter("a.weight", DType.FLOAT32, Shape.of(3, 4));
    Value other = Value.parameter("b.weight", DType.FLOAT32, Shape.of(3, 3));
    Graph small = Graph.of("small", "y", x.linear(w, null));
    Graph large = Graph.of("large", "y", x.linear(w, null).linear(other, null));
    Weights first = Initialization.torch(small, 1);
    assertArrayEquals(
        first.get("a.weight").floats(), Initialization.torch(large, 1).get("a.weight").floats());
    assertNotEquals(
        first.get("a.weight").floats()[0],
        Initialization.torch(small, 2).get("a.weight").floats()[0]);
  }

  @Test
  void streamsAreUniformAndNormal() {
    var stream = SeededStream.of(11, "moments");
    Tensor normal = stream.gaussian(Shape.of(100_001));
    double mean = 0;
    double square = 0;
    double fourth = 0;
    for (float value : normal.floats()) {
      mean += value;
      square += value * value;
      fourth += Math.pow(value, 4);
    }
    assertEquals(0, mean / 100_001, 0.01);
    assertEquals(1, square / 100_001, 0.014);
    assertEquals(3, fourth / 100_001, 0.1);
    int[] counts = new int[7];
    for (int i = 0; i < 70_000; i++) {
      counts[stream.below(7)]++;
    }
    for (int count : counts) {
      assertEquals(10_000, count, 300);
    }
    boolean[] seen = new boolean[1000];
    for (int i : stream.permutation(1000)) {
      seen[i] = true;
    }
    for (boolean one : seen) {
      assertTrue(one);
    }
  }

  @Test
  void streamsOfOtherNamesAndNumbersDiffer() {
    assertEquals(SeededStream.of(1, "a", 2).uniform(), SeededStream.of(1, "a", 2).uniform());
    assertNotEquals(SeededStream.of(1, "a", 2).uniform(), SeededStream.of(1, "a", 3).uniform());
    assertNotEquals(SeededStream.of(1, "a").uniform(), SeededStream.of(1, "b").uniform());
    assertNotEquals(SeededStream.of(1, "a").uniform(), SeededStream.of(2, "a").uniform());
  }
}
