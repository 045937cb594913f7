package dev.palimpsest.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GoldenCheckpointTest {
  @TempDir Path temp;

  /** A file or folder that diffusers 0.42.1 or transformers 5.23.0 wrote. */
  private static Path golden(String name) {
    String[] parts = name.split("/", 2);
    return GoldenArrays.file(parts[0], parts[1]);
  }

  /** The reference library's own files come out byte for byte. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "vae/vae_fp16_3/diffusion_pytorch_model.safetensors",
        "unets_shared/sd2_v_bf16/diffusion_pytorch_model.safetensors",
        "text/clip_v5_layout/model.safetensors",
        "unets_shared/sdxl_sharded/diffusion_pytorch_model-00001-of-00004.safetensors"
      })
  void writesWhatTheReferenceWrites(String name) throws Exception {
    Path source = golden(name);
    Safetensors file = Safetensors.read(source);
    Map<String, Tensor> tensors = new TreeMap<>();
    file.names().forEach(tensor -> tensors.put(tensor, file.tensor(tensor)));
    Path copy = temp.resolve("copy.safetensors");
    Safetensors.write(copy, tensors, file.metadata());
    assertArrayEquals(Files.readAllBytes(source), Files.readAllBytes(copy));
  }

  @Test
  void readsShards() throws Exception {
    Component unet = Checkpoint.readComponent(golden("unets_shared/sdxl_sharded"));
    assertEquals("UNet2DConditionModel", unet.className());
    // total_size in the index.
    assertEquals(894128, unet.bytes());
    assertEquals(894128 / 4, unet.parameters());
    assertTrue(unet.weights().origin("conv_out.bias").endsWith("-00004-of-00004.safetensors"));
    assertEquals(Shape.of(16, 4, 3, 3), unet.weights().shape("conv_in.weight"));
  }

  @Test
  void readsHalfPrecision() throws Exception {
    Component vae = Checkpoint.readComponent(golden("vae/vae_fp16_3"));
    assertEquals(DType.FLOAT16, vae.weights().dtype("decoder.conv_in.weight"));
    Component unet = Checkpoint.readComponent(golden("unets_shared/sd2_v_bf16"));
    assertEquals(DType.BFLOAT16, unet.weights().dtype("conv_in.weight"));
  }

  @Test
  void textEncoderWithoutPrefixGetsIt() throws Exception {
    Component text = Checkpoint.readComponent(golden("text/clip_v5_layout"));
    assertEquals("CLIPTextModel", text.className());
    assertEquals(
        Shape.of(1000, 16), text.weights().shape("text_model.embeddings.token_embedding.weight"));
    assertTrue(text.weights().names().stream().allMatch(name -> name.startsWith("text_model.")));
  }
}
