package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints in one file: written under the original code's names, read, and run. */
class SingleFileTest {
  private static final Map<String, String> NONE = Map.of();
  private static final Checkpoint TINY = TestModels.checkpoint(7);

  @TempDir Path temp;

  @BeforeEach
  void tokenizers() throws IOException {
    for (String name : List.of("tokenizer", "tokenizer_2")) {
      Path folder = Files.createDirectory(temp.resolve(name));
      try (var files = Files.newDirectoryStream(TINY.folder("tokenizer"))) {
        for (Path file : files) {
          Files.copy(file, folder.resolve(file.getFileName()));
        }
      }
    }
  }

  private static Map<String, Object> unetFields(String... downBlocks) {
    var fields = new LinkedHashMap<String, Object>();
    List<String> up = new ArrayList<>(List.of(downBlocks));
    Collections.reverse(up);
    up.replaceAll(block -> block.replace("Down", "Up"));
    fields.put("sample_size", 64);
    fields.put("in_channels", 4);
    fields.put("out_channels", 4);
    fields.put("layers_per_block", 2);
    fields.put("block_out_channels", Collections.nCopies(downBlocks.length, 64));
    fields.put("down_block_types", List.of(downBlocks));
    fields.put("up_block_types", up);
    fields.put("cross_attention_dim", 64);
    fields.put("attention_head_dim", 8);
    return fields;
  }

  private static Config text(String projection) {
    Map<String, Object> fields = new TreeMap<>();
    fields.put("vocab_size", TINY.config("text_encoder").integer("vocab_size"));
    fields.put("hidden_size", 64);
    fields.put("intermediate_size", 128);
    fields.put("num_hidden_layers", 2);
    fields.put("num_attention_heads", 1);
    fields.put("max_position_embeddings", 77);
    fields.put("eos_token_id", 2);
    fields.put("hidden_act", projection.isEmpty() ? "quick_gelu" : "gelu");
    if (projection.equals("CLIPTextModelWithProjection")) {
      fields.put("architectures", List.of(projection));
      fields.put("projection_dim", 64);
    }
    return Config.of(fields);
  }

  private static Component network(String name, String className, Config config, Graph graph) {
    return Component.network(
        name, className, config, Weights.of(TestModels.weights(graph, new TorchGenerator(7))));
  }

  private static Checkpoint checkpoint(
      String pipeline, Map<String, Object> unetFields, Map<String, Config> texts, String scheduler)
      throws IOException {
    Config unet = Config.of(unetFields);
    Config vae =
        Config.of(
            Map.of(
                "block_out_channels",
                List.of(32, 64),
                "down_block_types",
                List.of("DownEncoderBlock2D", "DownEncoderBlock2D"),
                "up_block_types",
                List.of("UpDecoderBlock2D", "UpDecoderBlock2D"),
                "layers_per_block",
                1,
                "latent_channels",
                4,
                "scaling_factor",
                pipeline.contains("XL") ? 0.13025 : 0.18215));
    var components = new ArrayList<Component>();
    components.add(network("unet", "UNet2DConditionModel", unet, UNet2DConditionModel.graph(unet)));
    components.add(
        Component.network(
            "vae",
            "AutoencoderKL",
            vae,
            Weights.of(TestModels.vaeWeights(vae, new TorchGenerator(3)))));
    for (var text : texts.entrySet()) {
      boolean second = text.getKey().equals("text_encoder_2");
      components.add(
          network(
              text.getKey(),
              second ? "CLIPTextModelWithProjection" : "CLIPTextModel",
              text.getValue(),
              ClipTextModel.graph(text.getValue())));
      components.add(
          Component.tokenizer(second ? "tokenizer_2" : "tokenizer", TINY.folder("tokenizer")));
    }
    components.add(
        Component.scheduler(
            scheduler,
            Config.of(
                Map.of(
                    "beta_schedule",
                    "scaled_linear",
                    "beta_start",
                    0.00085,
                    "beta_end",
                    0.012,
                    "steps_offset",
                    1,
                    "timestep_spacing",
                    "leading",
                    "set_alpha_to_one",
                    false,
                    "skip_prk_steps",
                    true,
                    "prediction_type",
                    scheduler.startsWith("DDIM") ? "v_prediction" : "epsilon"))));
    return Checkpoint.of(Config.of(Map.of("_class_name", pipeline)), components);
  }

  private static Checkpoint version1() throws IOException {
    return checkpoint(
        "StableDiffusionPipeline",
        unetFields("CrossAttnDownBlock2D", "DownBlock2D"),
        Map.of("text_encoder", text("")),
        "PNDMScheduler");
  }

  private Path write(Map<String, Tensor> tensors, Map<String, String> metadata) throws IOException {
    Path file = temp.resolve("model.safetensors");
    Safetensors.write(file, tensors, metadata);
    return file;
  }

  private Path version1File() throws IOException {
    return write(version1Tensors(), Map.of());
  }

  private static Map<String, Tensor> version1Tensors() throws IOException {
    return LdmFile.of(version1(), NONE, Map.of("text_encoder", "cond_stage_model.transformer."));
  }

  private static void assertSame(Checkpoint expected, Checkpoint read) throws IOException {
    assertEquals(expected.components(), read.components());
    assertEquals(expected.hash(), read.hash());
    var request = GenerationRequest.of("a cat").steps(2).seed(3).size(16, 16);
    try (var one = DiffusionPipeline.builder(expected).open();
        var other = DiffusionPipeline.builder(read).open()) {
      assertArrayEquals(
          one.generate(request).first().pixels().floats(),
          other.generate(request).first().pixels().floats());
    }
  }

  @Test
  void version1IsRead() throws IOException {
    var tensors = version1Tensors();
    tensors.put("alphas_cumprod", Tensor.of(Shape.of(1), 1f)); // state of training
    tensors.put("model_ema.decay", Tensor.scalar(1f));
    tensors.put(
        "cond_stage_model.transformer.text_model.embeddings.position_ids",
        Tensor.of(Shape.of(1, 2), 0L, 1L));
    Checkpoint read = Checkpoint.read(write(tensors, Map.of()));
    assertSame(version1(), read);
    assertTrue(read.describe().contains("model.safetensors"), read.describe());
  }

  @Test
  void savedItIsADiffusersFolder() throws IOException {
    Path folder = temp.resolve("folder");
    Checkpoint.read(version1File()).save(folder);
    assertSame(version1(), Checkpoint.read(folder));
  }

  @Test
  void version2IsReadWithoutTheLastLayerOfItsTextEncoder() throws IOException {
    var fields = unetFields("CrossAttnDownBlock2D", "DownBlock2D");
    fields.put("attention_head_dim", List.of(1, 1));
    fields.put("use_linear_projection", true);
    Checkpoint version2 =
        checkpoint(
            "StableDiffusionPipeline",
            fields,
            Map.of("text_encoder", text("gelu")),
            "DDIMScheduler");
    String prefix = "cond_stage_model.model.";
    Map<String, Tensor> tensors = LdmFile.of(version2, Map.of("text_encoder", prefix), NONE);
    new TreeMap<>(tensors)
        .forEach(
            (name, tensor) -> {
              if (name.startsWith(prefix + "transformer.resblocks.1.")) {
                tensors.put(name.replace("resblocks.1.", "resblocks.2."), tensor);
              }
            });
    tensors.put(prefix + "text_projection", Tensor.of(Shape.of(1, 1), 1f));
    Path file = write(tensors, Map.of());
    assertSame(version2, Checkpoint.read(file));
    Path base = write(tensors, Map.of("modelspec.prediction_type", "epsilon"));
    assertEquals("epsilon", Checkpoint.read(base).config("scheduler").string("prediction_type"));
  }

  @Test
  void xlIsRead() throws IOException {
    var fields = unetFields("DownBlock2D", "CrossAttnDownBlock2D");
    fields.put("attention_head_dim", List.of(1, 1));
    fields.put("use_linear_projection", true);
    fields.put("transformer_layers_per_block", List.of(1, 2));
    fields.put("cross_attention_dim", 128);
    fields.put("addition_embed_type", "text_time");
    fields.put("addition_time_embed_dim", 256);
    fields.put("projection_class_embeddings_input_dim", 6 * 256 + 64);
    Checkpoint xl =
        checkpoint(
            "StableDiffusionXLPipeline",
            fields,
            Map.of("text_encoder", text(""), "text_encoder_2", text("CLIPTextModelWithProjection")),
            "EulerDiscreteScheduler");
    Path file =
        write(
            LdmFile.of(
                xl,
                Map.of("text_encoder_2", "conditioner.embedders.1.model."),
                Map.of("text_encoder", "conditioner.embedders.0.transformer.")),
            Map.of());
    assertSame(xl, Checkpoint.readSingleFile(file, temp));
  }

  private void assertRefused(
      Class<? extends Exception> type, String message, Map<String, Tensor> tensors)
      throws IOException {
    assertRefused(type, message, temp.resolve("model.safetensors"), tensors);
  }

  private static void assertRefused(
      Class<? extends Exception> type, String message, Path file, Map<String, Tensor> tensors)
      throws IOException {
    Safetensors.write(file, tensors, Map.of());
    var error = assertThrows(type, () -> Checkpoint.read(file));
    assertTrue(error.toString().contains(message), error.toString());
  }

  @Test
  void otherLayoutsAreRefusedSayingWhatWasSeen() throws IOException {
    Tensor any = Tensor.scalar(1f);
    Class<UnsupportedModelException> type = UnsupportedModelException.class;
    assertRefused(type, "it holds a.b.…", Map.of("a.b.c", any));
    assertRefused(type, "Flux", Map.of("double_blocks.0.img_mod.lin.weight", any));
    assertRefused(
        type, "Stable Diffusion 3", Map.of("model.diffusion_model.joint_blocks.0.x", any));
    assertRefused(type, "a LoRA", Map.of("lora_unet_conv_in.lora_down.weight", any));
    assertRefused(type, "a ControlNet", Map.of("control_model.time_embed.0.weight", any));
    assertRefused(type, "a single network", Map.of("down_blocks.0.resnets.0.conv1.weight", any));
  }

  @Test
  void unknownAndMissingTensorsAreTold() throws IOException {
    var more = version1Tensors();
    more.put("model.diffusion_model.input_blocks.1.0.extra.weight", Tensor.scalar(1f));
    assertRefused(CheckpointException.class, "input_blocks.1.0.extra.weight", more);
    var fewer = version1Tensors();
    fewer.remove("model.diffusion_model.input_blocks.0.0.weight");
    assertRefused(CheckpointException.class, "conv_in.weight", fewer);
    var gap = version1Tensors();
    gap.remove("model.diffusion_model.middle_block.0.in_layers.2.weight");
    Checkpoint incomplete = Checkpoint.read(write(gap, Map.of()));
    var error =
        assertThrows(CheckpointException.class, () -> DiffusionPipeline.builder(incomplete).open());
    assertTrue(error.toString().contains("mid_block.resnets.0.conv1.weight"), error.toString());
  }

  @Test
  void aTokenizerIsAskedFor() throws IOException {
    Path file = version1File();
    var error =
        assertThrows(
            CheckpointException.class,
            () -> Checkpoint.readSingleFile(file, temp.resolve("elsewhere")));
    assertTrue(error.toString().contains("holds no tokenizer"), error.toString());
  }

  private Path published(Path folder) throws IOException {
    var words = new TreeMap<>(text("").asMap());
    words.put("vocab_size", 49408);
    Checkpoint like =
        checkpoint(
            "StableDiffusionPipeline",
            unetFields("CrossAttnDownBlock2D", "DownBlock2D"),
            Map.of("text_encoder", Config.of(words)),
            "PNDMScheduler");
    Path file = Files.createDirectory(folder).resolve("model.safetensors");
    var tensors = LdmFile.of(like, NONE, Map.of("text_encoder", "cond_stage_model.transformer."));
    Safetensors.write(file, tensors, Map.of());
    return file;
  }

  @Test
  void clipsVocabularyStandsInForAMissingTokenizer() throws IOException {
    Checkpoint read = Checkpoint.read(published(temp.resolve("alone")));
    Path folder = temp.resolve("folder");
    read.save(folder);
    assertTrue(Files.size(folder.resolve("tokenizer/merges.txt")) == 524_619);
    assertSame(read, Checkpoint.read(folder));
    assertRefused(
        CheckpointException.class,
        "its 514 words are not the 49408 of CLIP",
        Files.createDirectory(temp.resolve("small")).resolve("model.safetensors"),
        version1Tensors());
  }
}
