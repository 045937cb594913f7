package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders as they are published open and generate, and what does not fit in them is refused. */
class PublishedModelsTest {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a photo of a cat").size(64, 64).steps(3).guidanceScale(5).seed(1);

  @TempDir static Path models;

  @SuppressWarnings("NullAway.Init")
  private static Path sd15;

  @TempDir Path temp;

  @BeforeAll
  static void write() throws IOException {
    sd15 = PublishedModels.sd15(models);
  }

  private static DiffusionPipeline open(Path dir) throws IOException {
    return DiffusionPipeline.builder(Checkpoint.read(dir)).withoutSafetyChecker().open();
  }

  private static float[] generate(DiffusionPipeline pipeline) {
    GeneratedImage image = pipeline.generate(CAT).first();
    assertEquals(64, image.width());
    assertEquals(64, image.height());
    return image.pixels().floats();
  }

  /**
   * As many as the published files hold, buffers not counted. Of XL's U-Net the replica has one
   * layer instead of ten in six transformers, whose layers have twenty tensors.
   */
  @ParameterizedTest
  @CsvSource({"sd15, 686, 248, 196, 0", "sd21, 686, 248, 372, 0", "sdxl, 600, 248, 196, 517"})
  void asManyTensorsAsPublished(String name, int unet, int vae, int text, int text2)
      throws Exception {
    Checkpoint checkpoint =
        Checkpoint.read(
            switch (name) {
              case "sd15" -> sd15;
              case "sd21" -> PublishedModels.sd21(temp);
              default -> PublishedModels.sdxl(temp);
            });
    assertEquals(unet, checkpoint.weights("unet").names().size());
    assertEquals(vae, checkpoint.weights("vae").names().size());
    assertEquals(text, checkpoint.weights("text_encoder").names().size());
    assertEquals(
        text2,
        checkpoint.has("text_encoder_2") ? checkpoint.weights("text_encoder_2").names().size() : 0);
  }

  @Test
  void stableDiffusion15Generates() throws Exception {
    float[] pixels;
    try (var pipeline = open(sd15)) {
      assertEquals("pndm", pipeline.scheduler().scheduler().name());
      pixels = generate(pipeline);
      assertArrayEquals(pixels, generate(pipeline));
    }
    try (var plain = open(models.resolve("sd15-plain"))) {
      // Old names and buffers change nothing.
      assertArrayEquals(pixels, generate(plain));
    }
    Checkpoint half = Checkpoint.read(sd15, "fp16");
    assertEquals(DType.FLOAT16, half.weights("unet").dtype("conv_in.weight"));
    try (var pipeline = DiffusionPipeline.builder(half).withoutSafetyChecker().open()) {
      float[] rounded = generate(pipeline);
      double sum = 0;
      for (int i = 0; i < pixels.length; i++) {
        sum += Math.abs(pixels[i] - rounded[i]);
      }
      // Weights of eleven bits move the picture a little; another seed moves it by 0.2 and more.
      assertEquals(0, sum / pixels.length, 0.02);
    }
  }

  @Test
  void stableDiffusion21Generates() throws Exception {
    Path dir = PublishedModels.sd21(temp);
    try (var pipeline = DiffusionPipeline.builder(Checkpoint.read(dir)).open()) {
      assertEquals(PredictionType.V_PREDICTION, pipeline.scheduler().predictionType());
      assertArrayEquals(generate(pipeline), generate(pipeline));
    }
  }

  @Test
  void stableDiffusionXlGenerates() throws Exception {
    Path dir = PublishedModels.sdxl(temp);
    try (var pipeline = DiffusionPipeline.builder(Checkpoint.read(dir)).open()) {
      assertEquals("euler", pipeline.scheduler().scheduler().name());
      assertArrayEquals(generate(pipeline), generate(pipeline));
    }
    try (var half = DiffusionPipeline.builder(Checkpoint.read(dir, "fp16")).open()) {
      generate(half);
    }
  }

  @Test
  void aDeclaredSafetyCheckerNeedsADecision() throws Exception {
    var builder = DiffusionPipeline.builder(Checkpoint.read(sd15));
    var e = assertThrows(IllegalStateException.class, builder::open);
    assertTrue(String.valueOf(e.getMessage()).contains("withoutSafetyChecker()"), e.getMessage());
    ImageCheck refusing =
        (pictures, cancellation) -> List.of(ImageCheck.Verdict.reject("not today"));
    try (var replaced = builder.addImageCheck(refusing).open()) {
      assertEquals("not today", replaced.generate(CAT).rejected().get(0).reason());
    }
  }

  @Test
  void aSafetyCheckerDeclaredWithoutItsFolderStillNeedsADecision() throws Exception {
    Path dir = copyOfSd15();
    for (Path file : files(dir.resolve("safety_checker"))) {
      Files.delete(file);
    }
    Files.delete(dir.resolve("safety_checker"));
    var builder = DiffusionPipeline.builder(Checkpoint.read(dir));
    assertThrows(IllegalStateException.class, builder::open);
  }

  /** Without the variants and pickles, which are most of the bytes. */
  private Path copyOfSd15() throws IOException {
    Path copy = temp.resolve("copy");
    try (var files = Files.walk(sd15)) {
      for (Path file : files.toList()) {
        if (!file.toString().matches(".*(fp16|non_ema).*")) {
          Files.copy(file, copy.resolve(sd15.relativize(file).toString()));
        }
      }
    }
    return copy;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }

  private static void change(Path file, Consumer<Map<String, Tensor>> change) throws IOException {
    Safetensors stored = Safetensors.read(file);
    Map<String, Tensor> tensors = new TreeMap<>();
    stored.names().forEach(name -> tensors.put(name, stored.tensor(name)));
    change.accept(tensors);
    Path changed = file.resolveSibling("changed");
    Safetensors.write(changed, tensors, Map.of());
    Files.move(changed, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  private <T extends Exception> void assertRefused(Class<T> type, Path dir, String... parts) {
    T e = assertThrows(type, () -> open(dir));
    for (String part : parts) {
      assertTrue(String.valueOf(e.getMessage()).contains(part), e.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "unet/diffusion_pytorch_model, conv_in.bias",
    "vae/diffusion_pytorch_model, decoder.mid_block.attentions.0.proj_attn.weight"
  })
  void tensorsThatDoNotFitAreNamed(String file, String tensor) throws Exception {
    Path dir = copyOfSd15();
    Path path = dir.resolve(file + ".safetensors");
    String today = tensor.replace("proj_attn", "to_out.0");
    Tensor original = Safetensors.read(path).tensor(tensor);
    Tensor kept = Tensor.of(original.shape(), original.floats().clone());
    change(path, tensors -> tensors.remove(tensor));
    assertRefused(CheckpointException.class, dir, "missing: " + today, file);
    change(path, tensors -> tensors.put(tensor, Tensor.zeros(Shape.of(3))));
    assertRefused(CheckpointException.class, dir, "shape: " + today + " is [3], expected");
    change(
        path,
        tensors -> {
          tensors.put(tensor, kept);
          tensors.put("extra.weight", Tensor.zeros(Shape.of(3)));
        });
    assertRefused(CheckpointException.class, dir, "left over: extra.weight [3]");
  }

  @Test
  void textEncodersTensorsThatDoNotFitAreNamed() throws Exception {
    Path dir = copyOfSd15();
    change(
        dir.resolve("text_encoder/model.safetensors"),
        tensors -> {
          tensors.remove("text_model.final_layer_norm.bias");
          tensors.put("logit_scale", Tensor.zeros(Shape.scalar()));
        });
    assertRefused(
        CheckpointException.class,
        dir,
        "missing: text_model.final_layer_norm.bias [8]",
        "left over: logit_scale");
  }

  private static void edit(Path file, String from, String to) throws IOException {
    String text = Files.readString(file);
    assertTrue(text.contains(from), text);
    Files.writeString(file, text.replaceFirst(java.util.regex.Pattern.quote(from), to));
  }

  /** The file, what is replaced in it, by what, and what the message says of it. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '\'',
      value = {
        "unet, '\"CrossAttnDownBlock2D\"', '\"KDownBlock2D\"', KDownBlock2D, CrossAttnDownBlock2D",
        "unet, '\"act_fn\"', '\"new_field\" : 3, \"act_fn\"', new_field, config.json",
        "unet, '\"act_fn\"', '\"encoder_hid_dim_type\":\"ip_image_proj\",\"act_fn\"', ip_image_proj, encoder_hid_dim_type",
        "vae, '\"UpDecoderBlock2D\"', '\"MidBlock\"', MidBlock, UpDecoderBlock2D",
        "vae, '\"act_fn\"', '\"new_field\" : 3, \"act_fn\"', new_field, config.json",
        "text_encoder, quick_gelu, relu, relu, quick_gelu"
      })
  void unknownConfigurationsAreNamed(
      String component, String from, String to, String found, String possible) throws Exception {
    Path dir = copyOfSd15();
    edit(dir.resolve(component).resolve("config.json"), from, to);
    assertRefused(UnsupportedModelException.class, dir, found, possible);
  }

  @ParameterizedTest
  @CsvSource({
    "controlnet, diffusers, ControlNetModel",
    "image_encoder, transformers, CLIPVisionModelWithProjection",
    "transformer, diffusers, SD3Transformer2DModel",
    "t2iadapter, diffusers, T2IAdapter",
    "prior, diffusers, PriorTransformer"
  })
  void componentsThatAreNotSupportedAreNamed(String name, String library, String className)
      throws Exception {
    Path dir = copyOfSd15();
    edit(
        dir.resolve("model_index.json"),
        "{",
        "{\"" + name + "\":[\"" + library + "\",\"" + className + "\"],");
    assertRefused(UnsupportedModelException.class, dir, name, className);
  }

  @ParameterizedTest
  @CsvSource({"StableDiffusionControlNetPipeline", "StableDiffusion3Pipeline", "FluxPipeline"})
  void pipelinesThatAreNotSupportedAreNamed(String className) throws Exception {
    Path dir = copyOfSd15();
    edit(dir.resolve("model_index.json"), "StableDiffusionPipeline", className);
    assertRefused(UnsupportedModelException.class, dir, className, "StableDiffusionXLPipeline");
  }

  @Test
  void anUnknownSchedulerIsNamed() throws Exception {
    Path dir = copyOfSd15();
    edit(dir.resolve("scheduler/scheduler_config.json"), "PNDMScheduler", "BananaScheduler");
    assertRefused(RuntimeException.class, dir, "BananaScheduler");
  }

  @Test
  void pickleOnlyIsRefusedWithTheWayOut() throws Exception {
    Path dir = copyOfSd15();
    for (Path file : files(dir.resolve("unet"))) {
      if (file.toString().endsWith(".safetensors")) {
        Files.delete(file);
      }
    }
    assertRefused(CheckpointException.class, dir, "only pickle weights", "save_pretrained");
  }
}
