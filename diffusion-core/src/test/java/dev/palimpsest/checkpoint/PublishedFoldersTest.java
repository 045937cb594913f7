package dev.palimpsest.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders as hubs publish them. */
class PublishedFoldersTest {
  @TempDir Path temp;

  private Path plainSd() throws Exception {
    return TinyFolders.sd(temp.resolve("plain"));
  }

  @Test
  void stableDiffusion15() throws Exception {
    Path dir = PublishedFolders.sd15(plainSd(), temp.resolve("sd15"));
    Checkpoint checkpoint = Checkpoint.read(dir);
    assertEquals("StableDiffusionPipeline", checkpoint.className());
    assertEquals(
        Set.of(
            "feature_extractor",
            "safety_checker",
            "scheduler",
            "text_encoder",
            "tokenizer",
            "unet",
            "vae"),
        checkpoint.components());
    assertTrue(checkpoint.declaresSafetyChecker());
    assertEquals(DType.FLOAT32, checkpoint.weights("unet").dtype("conv_in.weight"));
    assertEquals(Optional.empty(), checkpoint.component("unet").variant());
    assertTrue(
        checkpoint.weights("vae").contains("decoder.mid_block.attentions.0.to_out.0.weight"));
    assertFalse(checkpoint.weights("text_encoder").contains("text_model.embeddings.position_ids"));
    assertEquals(1, checkpoint.config("scheduler").integer("steps_offset"));
    assertEquals(dir.resolve("tokenizer"), checkpoint.folder("tokenizer"));
    // Old names and buffers make no other model.
    assertEquals(Checkpoint.read(temp.resolve("plain")).hash(), checkpoint.hash());
  }

  @Test
  void variantsOfStableDiffusion15() throws Exception {
    Path dir = PublishedFolders.sd15(plainSd(), temp.resolve("sd15"));
    Checkpoint half = Checkpoint.read(dir, "fp16");
    assertEquals(DType.FLOAT16, half.weights("unet").dtype("conv_in.weight"));
    assertEquals(
        DType.FLOAT16, half.weights("text_encoder").dtype("text_model.final_layer_norm.weight"));
    Checkpoint trained = Checkpoint.read(dir, "non_ema");
    assertEquals(Optional.of("non_ema"), trained.component("unet").variant());
    assertEquals(Optional.empty(), trained.component("vae").variant());
    assertTrue(trained.describe().contains("variant non_ema"), trained.describe());
    var e = assertThrows(CheckpointException.class, () -> Checkpoint.read(dir, "bf16"));
    assertTrue(String.valueOf(e.getMessage()).endsWith("no component has a variant bf16"));
  }

  @Test
  void stableDiffusion21() throws Exception {
    Checkpoint checkpoint = Checkpoint.read(PublishedFolders.sd21(plainSd(), temp.resolve("sd21")));
    assertFalse(checkpoint.declaresSafetyChecker());
    assertFalse(checkpoint.has("safety_checker"));
    assertFalse(checkpoint.index().bool("requires_safety_checker"));
    assertTrue(checkpoint.weights("vae").contains("decoder.mid_block.attentions.0.to_k.bias"));
  }

  @Test
  void stableDiffusionXl() throws Exception {
    Path plain = TinyFolders.sdxl(temp.resolve("plain"));
    Checkpoint checkpoint = Checkpoint.read(PublishedFolders.sdxl(plain, temp.resolve("xl")));
    assertEquals("StableDiffusionXLPipeline", checkpoint.className());
    assertTrue(checkpoint.index().bool("force_zeros_for_empty_prompt"));
    assertEquals("CLIPTextModelWithProjection", checkpoint.component("text_encoder_2").className());
    assertFalse(checkpoint.has("vae_1_0"));
    assertFalse(checkpoint.has("vae_decoder"));
    assertEquals(ComponentKind.NETWORK, checkpoint.component("unet").kind());
    assertEquals(Checkpoint.read(plain).hash(), checkpoint.hash());
  }

  @Test
  void theOnlyVariantIsReadAndTold() throws Exception {
    Path dir = PublishedFolders.sd15(plainSd(), temp.resolve("sd15"));
    Files.delete(dir.resolve("text_encoder/model.safetensors"));
    Checkpoint checkpoint = Checkpoint.read(dir);
    assertEquals(Optional.of("fp16"), checkpoint.component("text_encoder").variant());
    assertTrue(
        checkpoint
            .describe()
            .contains(
                "text_encoder: CLIPTextModel, 36 parameters in 3 tensors,"
                    + " FLOAT16, 72 bytes, variant fp16"),
        checkpoint.describe());
  }

  @Test
  void severalVariantsAndNoPlainWeightsAskForAChoice() throws Exception {
    Path dir = PublishedFolders.sd15(plainSd(), temp.resolve("sd15"));
    Files.delete(dir.resolve("unet/diffusion_pytorch_model.safetensors"));
    var e = assertThrows(CheckpointException.class, () -> Checkpoint.read(dir));
    assertTrue(
        String.valueOf(e.getMessage()).contains("choose one of the variants [fp16, non_ema]"));
  }

  @Test
  void componentsInTheRoot() throws Exception {
    Path root = temp.resolve("ddpm");
    Files.createDirectories(root);
    Path plain = plainSd();
    for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
      Files.copy(plain.resolve("unet").resolve(file), root.resolve(file));
    }
    Files.writeString(root.resolve("scheduler_config.json"), "{\"num_train_timesteps\":1000}");
    Files.writeString(
        root.resolve("model_index.json"),
        "{\"_class_name\":\"DDPMPipeline\",\"scheduler\":[\"diffusers\",\"DDPMScheduler\"],"
            + "\"unet\":[\"diffusers\",\"UNet2DModel\"]}");
    Checkpoint checkpoint = Checkpoint.read(root);
    assertEquals(1000, checkpoint.config("scheduler").integer("num_train_timesteps"));
    assertTrue(checkpoint.weights("unet").contains("conv_in.weight"));
  }

  @Test
  void pickleOnlyIsRefusedWithTheWayOut() throws Exception {
    Path dir = PublishedFolders.sd15(plainSd(), temp.resolve("sd15"));
    for (String variant : List.of("", ".fp16")) {
      Files.delete(dir.resolve("vae/diffusion_pytorch_model" + variant + ".safetensors"));
    }
    pickleMessage(dir, "only pickle weights [diffusion_pytorch_model.bin,");
  }

  @Test
  void singleCheckpointFileIsRefusedWithTheWayOut() throws Exception {
    Path file = Files.createFile(temp.resolve("v1-5-pruned.ckpt"));
    pickleMessage(file, "only pickle weights [v1-5-pruned.ckpt]");
    pickleMessage(temp, "only pickle weights [v1-5-pruned.ckpt]");
  }

  private static void pickleMessage(Path dir, String start) {
    var e = assertThrows(CheckpointException.class, () -> Checkpoint.read(dir));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(start) && message.contains("save_pretrained"), message);
  }
}
