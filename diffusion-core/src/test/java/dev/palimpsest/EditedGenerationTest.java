package dev.palimpsest;

import static dev.palimpsest.Generations.assertDiffer;
import static dev.palimpsest.Generations.filled;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.attention.GuidanceHalf;
import dev.palimpsest.attention.SiteSelection;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.awt.Color;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Attention edits together with everything else that a request or a checkpoint can have. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EditedGenerationTest {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a red cat").steps(4).seed(5).guidanceScale(3);
  private static final AttentionEdit IDENTITY = (site, probabilities, graph) -> probabilities;
  private static final AttentionEdit MORE = AttentionEdit.reweight("cat", 3);
  private static final String ERASED = "attn2.to_v.weight";

  @SuppressWarnings("NullAway.Init")
  private DiffusionPipeline pipeline;

  @BeforeAll
  void open() throws Exception {
    pipeline = TestModels.tiny(7).device(Device.cpu(1)).open();
  }

  @AfterAll
  void close() {
    pipeline.close();
  }

  private float[] latents(GenerationRequest request) {
    return Generations.latents(pipeline, request);
  }

  /** What an erasure is to the pipeline: other values and keys in some layers. */
  private static WeightLayer erasure(Checkpoint checkpoint) {
    Weights weights = checkpoint.component("unet").weights();
    var replaced = new TreeMap<String, Tensor>();
    for (String name : weights.names()) {
      if (name.endsWith(ERASED)) {
        Tensor other = Tensor.of(weights.get(name).shape(), weights.get(name).floats().clone());
        for (int i = 0; i < other.floats().length; i++) {
          other.floats()[i] *= -0.5f;
        }
        replaced.put(name, other);
      }
    }
    return WeightLayer.replacing("erasure of \"cat\"", "unet", replaced);
  }

  @Test
  void overAnErasureTheNetworkIsTheErasedOne() throws Exception {
    Checkpoint checkpoint = TestModels.checkpoint(7);
    try (var erased = DiffusionPipeline.builder(checkpoint.with(erasure(checkpoint))).open()) {
      assertArrayEquals(
          Generations.latents(erased, CAT), Generations.latents(erased, CAT.edit(IDENTITY)), 1e-4f);
      float[] edited = Generations.latents(erased, CAT.edit(MORE));
      assertDiffer(Generations.latents(erased, CAT), edited);
      assertDiffer(latents(CAT.edit(MORE)), edited);
      String json = erased.generate(CAT.edit(MORE)).first().metadata().json().orElseThrow();
      assertTrue(json.contains("erasure of") && json.contains("reweight 'cat' by 3.0"), json);
    }
  }

  @Test
  void overAnErasureASourceIsOfTheErasedModelToo() throws Exception {
    Checkpoint checkpoint = TestModels.checkpoint(7);
    try (var erased = DiffusionPipeline.builder(checkpoint.with(erasure(checkpoint))).open()) {
      GenerationRequest own = CAT.source("a red cat").edit(AttentionEdit.replace());
      assertArrayEquals(Generations.latents(erased, CAT), Generations.latents(erased, own), 1e-4f);
    }
  }

  @Test
  void imageToImageInpaintingAndOtherModels() throws Exception {
    BufferedImage picture = filled(Color.ORANGE);
    GenerationRequest toImage = CAT.image(picture).strength(0.5);
    assertDiffer(latents(toImage), latents(toImage.edit(MORE)));
    GenerationRequest inpainting = CAT.image(picture).mask(filled(Color.WHITE));
    assertDiffer(latents(inpainting), latents(inpainting.edit(MORE)));
    GenerationRequest sourced = inpainting.source("a red cat").edit(AttentionEdit.replace());
    assertArrayEquals(latents(inpainting), latents(sourced), 1e-4f);
    try (var xl = TestModels.tinyXl(7).open()) {
      assertDiffer(Generations.latents(xl, CAT), Generations.latents(xl, CAT.edit(MORE)));
    }
    try (var nine = DiffusionPipeline.builder(TestModels.checkpoint(3, 9)).open()) {
      GenerationRequest masked = CAT.image(picture).mask(filled(Color.WHITE));
      GenerationRequest both = masked.source("a red cat").edit(AttentionEdit.replace());
      assertArrayEquals(Generations.latents(nine, masked), Generations.latents(nine, both), 1e-4f);
    }
  }

  @Test
  void whatAMaskKeepsStaysAsItIs() {
    GenerationRequest nothing = CAT.image(filled(Color.ORANGE)).mask(filled(Color.BLACK));
    assertArrayEquals(latents(nothing), latents(nothing.edit(MORE)), 1e-5f);
  }

  @Test
  void batchesOfPicturesToStartFromAreEditedAsAlone() {
    GenerationRequest toImage = CAT.image(filled(Color.ORANGE)).strength(0.5).edit(MORE);
    for (GenerationRequest request : List.of(toImage, toImage.mask(filled(Color.WHITE)))) {
      float[] both = latents(request.images(2));
      float[] second = latents(request.seed(6));
      for (int i = 0; i < second.length; i++) {
        assertEquals(second[i], both[second.length + i], 1e-5f);
      }
    }
  }

  @Test
  void theHalfThatAnEditActsOnIsThatOfItsPrompt() {
    GenerationRequest request = CAT.steps(1).images(2).negativePrompt("a dog");
    AttentionEdit capture = AttentionEdit.capture();
    AttentionMaps negative = maps(request.edit(capture.on(GuidanceHalf.UNCONDITIONAL)));
    AttentionMaps dog = maps(request.prompt("a dog").edit(capture));
    AttentionMaps cat = maps(request.edit(capture));
    String site = cat.sites().get(0).name();
    assertArrayEquals(dog.of(site).floats(), negative.of(site).floats(), 1e-6f);
    assertDiffer(dog.of(site).floats(), cat.of(site).floats());
  }

  private AttentionMaps maps(GenerationRequest request) {
    return pipeline.generate(request).attention().get(0);
  }

  @Test
  void bothPassesAreEditedAndMapsAreThoseOfTheSecond() {
    GenerationRequest request = CAT.size(48, 32).hires(Hires.latents(0.5).from(16, 16));
    var left = filled(Color.BLACK);
    left.createGraphics().fillRect(0, 0, 8, 16);
    var queries = new ArrayList<Long>();
    GenerationResult result =
        pipeline.generate(
            request.edit(AttentionEdit.within(left, "cat")).edit(AttentionEdit.capture()),
            step -> {
              AttentionMaps maps = step.attention().get(0);
              AttentionSite first = maps.sites().get(0);
              queries.add(maps.of(first.name()).shape().dim(2));
              float[] heat = maps.heat("cat").floats();
              int width = (int) maps.heat("cat").shape().dim(2);
              assertTrue(heat[1] > 0);
              assertEquals(0, heat[width - 1]);
            });
    assertEquals(List.of(64L, 64L, 64L, 64L, 16L * 24, 16L * 24), queries);
    AttentionMaps maps = result.attention().get(0);
    assertEquals(16L * 24, maps.of(maps.sites().get(0).name()).shape().dim(2));
  }

  @Test
  void aSourceIsEnlargedWithItsPicture() {
    GenerationRequest request = CAT.size(48, 32).hires(Hires.pixels(0.5)).images(2);
    float[] plain = latents(request);
    GenerationRequest own = request.source("a red cat");
    assertArrayEquals(plain, latents(own.edit(AttentionEdit.replace())), 1e-4f);
  }

  @Test
  void windowsAndRegionsAreRefused() {
    GenerationRequest large = CAT.size(48, 32).edit(MORE);
    for (GenerationRequest request :
        List.of(
            large.windows(Windows.of(16)),
            large.region(PromptRegion.box("a dog", new Rectangle(8, 8, 16, 16))))) {
      String message =
          requireNonNull(
              assertThrows(IllegalArgumentException.class, () -> pipeline.generate(request))
                  .getMessage());
      assertTrue(message.contains("leave out windows and regions") && message.contains("cat"));
    }
  }

  @Test
  void thePipelinesEditsAreRefusedInWindowsToo() throws Exception {
    AttentionEdit perturbed = AttentionEdit.perturbedGuidance(2).at(SiteSelection.self());
    try (var edited = TestModels.tiny(7).edit(perturbed).open()) {
      GenerationRequest request = CAT.size(48, 32).windows(Windows.of(16));
      assertThrows(IllegalArgumentException.class, () -> edited.generate(request));
    }
  }
}
