package dev.palimpsest.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorNamesTest {
  private static final Tensor SQUARE = Tensor.of(Shape.of(2, 2), 1f, 2f, 3f, 4f);

  private static List<String> today(String className, String... names) throws Exception {
    Map<String, Tensor> tensors = new HashMap<>();
    for (String name : names) {
      tensors.put(name, SQUARE);
    }
    return List.copyOf(TensorNames.today(className, Weights.of(tensors)).names());
  }

  @ParameterizedTest
  @CsvSource({
    "AutoencoderKL,decoder.mid_block.attentions.0.query.weight,"
        + "decoder.mid_block.attentions.0.to_q.weight",
    "AutoencoderKL,encoder.mid_block.attentions.0.key.bias,"
        + "encoder.mid_block.attentions.0.to_k.bias",
    "UNet2DModel,down_blocks.1.attentions.0.value.weight,"
        + "down_blocks.1.attentions.0.to_v.weight",
    "UNet2DModel,mid_block.attentions.0.proj_attn.bias,mid_block.attentions.0.to_out.0.bias",
    "AutoencoderKL,decoder.mid_block.attentions.0.to_q.weight,"
        + "decoder.mid_block.attentions.0.to_q.weight",
    "CLIPTextModel,encoder.layers.0.mlp.fc1.bias,text_model.encoder.layers.0.mlp.fc1.bias",
    "CLIPTextModelWithProjection,final_layer_norm.bias,text_model.final_layer_norm.bias",
    "CLIPTextModelWithProjection,text_projection.weight,text_projection.weight",
    "AutoencoderKL,encoder.conv_in.weight,encoder.conv_in.weight",
  })
  void oldNamesBecomeTodays(String className, String old, String now) throws Exception {
    assertEquals(List.of(now), today(className, old));
  }

  @Test
  void buffersAreLeftOut() throws Exception {
    assertEquals(
        List.of("text_model.final_layer_norm.bias"),
        today(
            "CLIPTextModel",
            "text_model.embeddings.position_ids",
            "text_model.final_layer_norm.bias"));
    assertEquals(List.of(), today("CLIPTextModel", "embeddings.position_ids"));
  }

  @Test
  void pointwiseConvolutionsBecomeMatrices() throws Exception {
    String old = "decoder.mid_block.attentions.0.query.weight";
    Weights weights =
        TensorNames.today(
            "AutoencoderKL",
            Weights.of(
                Map.of(
                    old,
                    SQUARE.reshape(Shape.of(2, 2, 1, 1)),
                    "quant_conv.weight",
                    SQUARE.reshape(Shape.of(2, 2, 1, 1)))));
    String now = "decoder.mid_block.attentions.0.to_q.weight";
    assertEquals(Shape.of(2, 2), weights.shape(now));
    assertEquals(Shape.of(2, 2), weights.get(now).shape());
    assertArrayEquals(SQUARE.floats(), weights.get(now).floats());
    assertEquals(Shape.of(2, 2, 1, 1), weights.shape("quant_conv.weight"));
  }

  @Test
  void bothNamesOfOneTensorAreRefused() {
    var e =
        assertThrows(
            CheckpointException.class,
            () ->
                today(
                    "AutoencoderKL", "x.attentions.0.query.weight", "x.attentions.0.to_q.weight"));
    assertTrue(String.valueOf(e.getMessage()).contains("are both x.attentions.0.to_q.weight"));
  }
}
