package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.AdapterScale;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.EncodedPrompts;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** LoRAs beside the networks of a pipeline, against the same ones merged. */
class LiveLoraTest {
  private static final float ROUNDING = 1e-5f;
  private static final GenerationRequest CAT =
      GenerationRequest.of("a cat").steps(1).seed(5).guidanceScale(4);
  private static final Checkpoint CHECKPOINT = TestModels.checkpoint(7);

  private static Tensor latents(DiffusionPipeline pipeline, GenerationRequest request) {
    var last = new ArrayList<Tensor>();
    pipeline.generate(request, step -> last.add(step.latents()));
    return last.get(last.size() - 1);
  }

  private static Tensor merged(Checkpoint checkpoint, GenerationRequest request)
      throws IOException {
    try (var pipeline = DiffusionPipeline.builder(checkpoint).open()) {
      return latents(pipeline, request);
    }
  }

  private static void assertClose(Tensor expected, Tensor actual) {
    float largest = 1;
    for (float value : expected.floats()) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertArrayEquals(expected.floats(), actual.floats(), ROUNDING * largest);
  }

  private static void assertDiffer(Tensor one, Tensor other) {
    float largest = 0;
    for (int i = 0; i < one.floats().length; i++) {
      largest = Math.max(largest, Math.abs(one.floats()[i] - other.floats()[i]));
    }
    assertTrue(largest > 10 * ROUNDING, "they differ by " + largest + " at most");
  }

  @ParameterizedTest
  @EnumSource
  void liveIsWhatMergedIs(Loras.Kind kind) throws IOException {
    Lora lora = Loras.noise(CHECKPOINT, kind, 3, path -> true);
    try (var pipeline = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open()) {
      for (double scale : new double[] {1, -0.7, 0.3}) {
        assertClose(
            merged(CHECKPOINT.with(lora.at(scale)), CAT),
            latents(pipeline, CAT.adapter(lora, scale)));
      }
    }
  }

  @Test
  void ofAnXlModelTooWithBothTextEncoders() throws IOException {
    Checkpoint xl = TestModels.xlCheckpoint(7);
    Lora lora = Loras.noise(xl, Loras.Kind.PLAIN, 4, path -> true);
    assertEquals(3, lora.components().size());
    try (var pipeline = DiffusionPipeline.builder(xl).adapter(lora).open()) {
      assertClose(merged(xl.with(lora.at(0.6)), CAT), latents(pipeline, CAT.adapter(lora, 0.6)));
      var skipping = CAT.clipSkip(1);
      assertClose(merged(xl.with(lora.at(1)), skipping), latents(pipeline, skipping));
    }
  }

  @Test
  void attentionEditsActOnWhatAnAdapterMakes() throws IOException {
    Lora lora = Loras.noise(CHECKPOINT, Loras.Kind.PLAIN, 3, path -> true);
    GenerationRequest edited = CAT.edit(AttentionEdit.reweight("cat", 5));
    try (var pipeline = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open();
        var plain = DiffusionPipeline.builder(CHECKPOINT).open()) {
      assertEquals(plain.attentionSites(), pipeline.attentionSites());
      assertClose(
          merged(CHECKPOINT.with(lora.at(0.6)), edited),
          latents(pipeline, edited.adapter(lora, 0.6)));
      assertClose(latents(plain, edited), latents(pipeline, edited.adapter(lora, 0)));
    }
  }

  @Test
  void attentionEditsActOnAnAdapterOverAnErasure() throws IOException {
    Weights unet = CHECKPOINT.component("unet").weights();
    String value = "mid_block.attentions.0.transformer_blocks.0.attn2.to_v.weight";
    Checkpoint erased =
        CHECKPOINT.with(
            WeightLayer.replacing(
                "erasure of \"cat\"",
                "unet",
                Map.of(value, Tensor.zeros(unet.get(value).shape()))));
    Lora lora = Loras.noise(CHECKPOINT, Loras.Kind.PLAIN, 3, path -> true);
    GenerationRequest edited = CAT.edit(AttentionEdit.reweight("cat", 5));
    try (var pipeline = DiffusionPipeline.builder(erased).adapter(lora).open()) {
      Tensor expected = merged(erased.with(lora.at(0.6)), edited);
      assertClose(expected, latents(pipeline, edited.adapter(lora, 0.6)));
      assertDiffer(expected, merged(CHECKPOINT.with(lora.at(0.6)), edited));
      assertDiffer(expected, merged(erased.with(lora.at(0.6)), CAT));
    }
  }

  @Test
  void capturedMapsAreThoseOfTheAdaptedNetwork() throws IOException {
    Lora lora = Loras.noise(CHECKPOINT, Loras.Kind.PLAIN, 3, path -> true);
    GenerationRequest request = CAT.edit(AttentionEdit.capture());
    try (var live = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open();
        var merged = DiffusionPipeline.builder(CHECKPOINT.with(lora.at(0.6))).open()) {
      AttentionMaps expected = merged.generate(request).attention().get(0);
      AttentionMaps maps = live.generate(request.adapter(lora, 0.6)).attention().get(0);
      AttentionMaps plain = live.generate(request.adapter(lora, 0)).attention().get(0);
      String site = maps.sites().get(0).name();
      assertClose(expected.of(site), maps.of(site));
      assertDiffer(plain.of(site), maps.of(site));
    }
  }

  @Test
  void atZeroNothingChanges() throws IOException {
    Lora lora = Loras.attention(CHECKPOINT, Loras.Kind.PLAIN, 3);
    try (var pipeline = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open()) {
      assertClose(merged(CHECKPOINT, CAT), latents(pipeline, CAT.adapter(lora, 0)));
    }
  }

  @Test
  void severalAdaptersAddUp() throws IOException {
    Lora one = Loras.attention(CHECKPOINT, Loras.Kind.PLAIN, 3);
    Lora two = Loras.noise(CHECKPOINT, Loras.Kind.RANK_STABILIZED, 4, path -> true);
    try (var pipeline = DiffusionPipeline.builder(CHECKPOINT).adapter(one).adapter(two).open()) {
      assertClose(
          merged(CHECKPOINT.with(one.at(0.5)).with(two.at(-0.3)), CAT),
          latents(pipeline, CAT.adapter(one, 0.5).adapter(two, -0.3)));
    }
  }

  @Test
  void partsHaveStrengthsOfTheirOwn() throws IOException {
    Lora lora = Loras.noise(CHECKPOINT, Loras.Kind.PLAIN, 3, path -> true);
    AdapterScale scale =
        AdapterScale.of(0.8)
            .at("text_encoder", 0)
            .at("unet.up_blocks", 0.2)
            .at("unet.up_blocks.1", 1);
    assertEquals(0.2, scale.of("unet.up_blocks.0.resnets.0.conv1"));
    try (var pipeline = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open()) {
      assertClose(
          merged(CHECKPOINT.with(lora.at(scale)), CAT),
          latents(pipeline, CAT.adapter(lora.name(), scale)));
    }
  }

  @Test
  void threadsWithDifferentStrengthsGetWhatTheyWouldGetAlone() throws Exception {
    Lora lora = Loras.noise(CHECKPOINT, Loras.Kind.PLAIN, 3, path -> true);
    var executor = Executors.newFixedThreadPool(4);
    try (var pipeline = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open()) {
      var alone = new ArrayList<float[]>();
      for (int i = 0; i < 4; i++) {
        alone.add(latents(pipeline, CAT.adapter(lora, i / 4.0)).floats());
      }
      var together = new ArrayList<CompletableFuture<Tensor>>();
      for (int i = 0; i < 16; i++) {
        var request = CAT.adapter(lora, (i % 4) / 4.0);
        together.add(CompletableFuture.supplyAsync(() -> latents(pipeline, request), executor));
      }
      for (int i = 0; i < 16; i++) {
        assertArrayEquals(alone.get(i % 4), together.get(i).get().floats());
      }
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void promptsAreEncodedAtTheirStrength() throws IOException {
    Lora lora = Loras.noise(CHECKPOINT, Loras.Kind.PLAIN, 3, path -> path.startsWith("text"));
    try (var live = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open();
        var merged = DiffusionPipeline.builder(CHECKPOINT.with(lora.at(0.5))).open()) {
      assertClose(text(merged.encodePrompt(CAT)), text(live.encodePrompt(CAT.adapter(lora, 0.5))));
    }
  }

  private static Tensor text(EncodedPrompts prompts) {
    return prompts.positive().get("encoder_hidden_states").orElseThrow();
  }

  @Test
  void picturesSayWhichAdaptersMadeThem() throws IOException {
    Lora lora = Loras.attention(CHECKPOINT, Loras.Kind.PLAIN, 3).named("m5");
    try (var pipeline = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open()) {
      String json = pipeline.generate(CAT.adapter(lora, 0.25)).first().metadata().toString();
      assertTrue(json.contains("m5 at 0.25"), json);
    }
    assertEquals(
        List.of("LoRA m5 at 0.25", "LoRA m5 at 0.25"),
        CHECKPOINT.with(lora.at(0.25)).layers().stream().map(WeightLayer::name).toList());
  }

  @Test
  void whatDoesNotFitIsRefused() throws IOException {
    Lora lora = Loras.attention(CHECKPOINT, Loras.Kind.PLAIN, 3);
    Checkpoint xl = TestModels.xlCheckpoint(7);
    var refused =
        assertThrows(
            CheckpointException.class, () -> DiffusionPipeline.builder(xl).adapter(lora).open());
    assertTrue(refused.toString().contains("the model has no such module"), refused.toString());
    assertThrows(IllegalArgumentException.class, () -> xl.with(lora.at(1)));
    assertThrows(
        IllegalStateException.class,
        () -> DiffusionPipeline.builder(CHECKPOINT).adapter(lora).adapter(lora).open());
    try (var pipeline = DiffusionPipeline.builder(CHECKPOINT).adapter(lora).open()) {
      var unknown = CAT.adapter("other", AdapterScale.of(1));
      var error = assertThrows(IllegalArgumentException.class, () -> pipeline.generate(unknown));
      assertTrue(error.toString().contains("[noise3]"), error.toString());
    }
    assertThrows(IllegalArgumentException.class, () -> CAT.adapter(lora, Double.NaN));
  }
}
