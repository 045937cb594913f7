package dev.palimpsest;

import static dev.palimpsest.Generations.assertDiffer;
import static dev.palimpsest.Generations.filled;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.attention.EditGraph;
import dev.palimpsest.attention.EditedRequest;
import dev.palimpsest.attention.GuidanceHalf;
import dev.palimpsest.attention.PromptPart;
import dev.palimpsest.attention.SiteSelection;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Attention edits of requests on whole pipelines. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AttentionEditsTest {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a red cat").steps(2).seed(5).guidanceScale(3);

  /** Attention written out and left as it is. */
  private static final AttentionEdit IDENTITY = (site, probabilities, graph) -> probabilities;

  private static final AttentionEdit SQUARED = (site, p, graph) -> p.mul(p).div(p.mul(p).sum(-1));

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

  private String refused(GenerationRequest request) {
    return requireNonNull(
        assertThrows(IllegalArgumentException.class, () -> pipeline.generate(request))
            .getMessage());
  }

  @Test
  void theExplicitFormIsTheFusedOperatorButForRounding() {
    assertArrayEquals(latents(CAT), latents(CAT.edit(IDENTITY)), 1e-4f);
  }

  @Test
  void factorOneChangesNothingAndZeroSuppresses() {
    assertArrayEquals(
        latents(CAT.edit(IDENTITY)), latents(CAT.edit(AttentionEdit.reweight("red", 1))), 0f);
    float[] suppressed = latents(CAT.edit(AttentionEdit.suppress("red")));
    assertArrayEquals(suppressed, latents(CAT.edit(AttentionEdit.reweight("red", 0))), 0f);
    assertDiffer(suppressed, latents(CAT));
  }

  @Test
  void aPhraseIsTheTokensOfItsWords() {
    // The tiny tokenizer has a token a letter: begin, a, r, e, d, c, a, t.
    assertArrayEquals(
        latents(CAT.edit(AttentionEdit.reweight(PromptPart.tokens(2, 3, 4, 5, 6, 7), 2))),
        latents(CAT.edit(AttentionEdit.reweight("red cat", 2))),
        0f);
  }

  @Test
  void anEditOfANewPromptOpensNothing() {
    EditableNetwork network = RequestEdits.editable(pipeline.denoiser()).editable();
    latents(CAT.edit(AttentionEdit.reweight("red", 2)));
    int opened = network.size();
    latents(CAT.prompt("a dog and a dog").edit(AttentionEdit.reweight("dog", 0.5)));
    assertEquals(opened, network.size());
    for (int i = 0; i < 8; i++) {
      latents(CAT.steps(1).edit((site, probabilities, graph) -> probabilities.mul(0.5f)));
    }
    assertTrue(network.size() <= 5, "opened networks are kept without end");
  }

  @Test
  void editsComposeInTheirOrder() {
    AttentionEdit factor = AttentionEdit.reweight("red", 3);
    float[] before = latents(CAT.edit(factor).edit(SQUARED));
    float[] after = latents(CAT.edit(SQUARED).edit(factor));
    assertDiffer(before, after);
    AttentionEdit both =
        (site, p, graph) -> SQUARED.apply(site, SQUARED.apply(site, p, graph), graph);
    assertArrayEquals(latents(CAT.edit(both)), latents(CAT.edit(SQUARED).edit(SQUARED)), 1e-6f);
  }

  @Test
  void halvesAreEditedApart() {
    AttentionEdit edit = SQUARED;
    float[] conditional = latents(CAT.edit(edit));
    float[] unconditional = latents(CAT.edit(edit.on(GuidanceHalf.UNCONDITIONAL)));
    assertDiffer(conditional, unconditional);
    assertArrayEquals(
        latents(CAT.edit(edit).edit(edit.on(GuidanceHalf.UNCONDITIONAL))),
        latents(CAT.edit(edit.on(GuidanceHalf.BOTH))),
        1e-6f);
    assertTrue(
        refused(CAT.guidanceScale(1).edit(edit.on(GuidanceHalf.UNCONDITIONAL)))
            .contains("unconditional half"));
  }

  @Test
  void aWindowOfStepsIsCounted() {
    GenerationRequest four = CAT.steps(4);
    assertArrayEquals(
        latents(four.edit(IDENTITY)), latents(four.edit(SQUARED.during(0.3, 0.3))), 0f);
    var maps = new ArrayList<List<AttentionSite>>();
    pipeline.generate(
        four.edit(AttentionEdit.capture().during(0.25, 0.75)),
        step -> maps.add(step.attention().get(0).sites()));
    assertEquals(List.of(0, 4, 4, 0), maps.stream().map(List::size).toList());
    assertThrows(IllegalArgumentException.class, () -> SQUARED.during(0.5, 0.4));
  }

  @Test
  void picturesOfABatchAreEditedAsAlone() {
    GenerationRequest edited = CAT.edit(AttentionEdit.reweight("cat", 4));
    float[] both = latents(edited.images(2));
    float[] second = latents(edited.seed(6));
    for (int i = 0; i < second.length; i++) {
      assertEquals(second[i], both[second.length + i], 1e-5f);
    }
  }

  @Test
  void capturedMapsSumToOneAndAreThePictures() {
    GenerationResult result = pipeline.generate(CAT.images(2).edit(AttentionEdit.capture()));
    AttentionMaps maps = result.attention().get(0);
    assertEquals(
        pipeline.attentionSites().stream()
            .filter(site -> site.kind() == AttentionSite.Kind.CROSS)
            .toList(),
        maps.sites());
    for (AttentionSite site : maps.sites()) {
      Tensor map = maps.of(site.name());
      int side = 8 / site.downscale();
      assertEquals(Shape.of(2, site.heads(), side * side, 77), map.shape());
      float[] values = map.floats();
      for (int row = 0; row < values.length / 77; row++) {
        double sum = 0;
        for (int i = 0; i < 77; i++) {
          sum += values[row * 77 + i];
        }
        assertEquals(1, sum, 1e-5);
      }
    }
    assertEquals(Shape.of(2, 8, 8), maps.heat("cat").shape());
    BufferedImage picture = result.images().get(1).toBufferedImage();
    assertEquals(16, maps.overlay("cat", 1, picture).getWidth());
    assertNotEquals(
        maps.heatMap("cat", 1, 32, 32).getRGB(3, 3), maps.heatMap("cat", 1, 32, 32).getRGB(20, 20));
    assertThrows(IllegalArgumentException.class, () -> maps.heatMap("cat", 2, 8, 8));
    assertTrue(
        requireNonNull(
                assertThrows(IllegalArgumentException.class, () -> maps.of("mid_block"))
                    .getMessage())
            .contains("down_blocks.0.attentions.0"));
  }

  @Test
  void aCaptureShowsWhatTheEditsBeforeItMade() {
    GenerationResult result =
        pipeline.generate(
            CAT.steps(1)
                .edit(AttentionEdit.capture())
                .edit(AttentionEdit.reweight("red", 3))
                .edit(AttentionEdit.capture()));
    String site = result.attention().get(0).sites().get(0).name();
    float[] before = result.attention().get(0).of(site).floats();
    float[] after = result.attention().get(1).of(site).floats();
    for (int i = 0; i < before.length; i++) {
      int token = i % 77;
      assertEquals(before[i] * (token >= 2 && token <= 4 ? 3 : 1), after[i], 1e-6f);
    }
  }

  @Test
  void aSourceOfTheSamePromptChangesNothing() {
    float[] plain = latents(CAT);
    GenerationRequest own = CAT.source("a red cat");
    assertArrayEquals(plain, latents(own.edit(AttentionEdit.replace())), 1e-4f);
    assertArrayEquals(plain, latents(own.edit(AttentionEdit.refine())), 1e-4f);
    AttentionEdit self = AttentionEdit.injectSelf().at(SiteSelection.self());
    assertArrayEquals(plain, latents(own.edit(self)), 1e-4f);
  }

  @Test
  void aSourceGivesItsAttention() {
    GenerationRequest request = CAT.prompt("a blue dog").images(2);
    GenerationRequest withSource = request.source("a red cat");
    AttentionEdit capture = AttentionEdit.capture();
    AttentionMaps source = pipeline.generate(CAT.images(2).edit(capture)).attention().get(0);
    AttentionMaps mapped =
        pipeline
            .generate(withSource.edit(AttentionEdit.replace()).edit(capture))
            .attention()
            .get(0);
    String site = source.sites().get(0).name();
    float[] expected = source.of(site).floats();
    float[] got = mapped.of(site).floats();
    for (int i = 0; i < got.length; i++) {
      // blue takes red's place: four tokens share what three had
      int token = i % 77;
      int at = i - token;
      float red = (expected[at + 2] + expected[at + 3] + expected[at + 4]) / 4;
      float want = token < 2 ? expected[i] : token < 6 ? red : expected[i - 1];
      assertEquals(want, got[i], 1e-5f, "token " + token);
    }
    assertDiffer(latents(request), latents(withSource.edit(AttentionEdit.replace())));
  }

  @Test
  void refiningKeepsWhatThePromptAdds() {
    GenerationRequest request = CAT.prompt("a cat");
    AttentionEdit capture = AttentionEdit.capture();
    String site = "down_blocks.0.attentions.0.transformer_blocks.0.attn2";
    GenerationRequest refined = CAT.prompt("a red cat").source("a cat").steps(1);
    float[] source = maps(request.steps(1).edit(capture), site);
    float[] own = maps(CAT.steps(1).edit(capture), site);
    float[] got = maps(refined.edit(AttentionEdit.refine()).edit(capture), site);
    for (int i = 0; i < got.length; i++) {
      int token = i % 77;
      boolean added = token >= 2 && token <= 4;
      int from = token < 2 || token > 8 ? token : token - 3;
      assertEquals(added ? own[i] : source[i - token + from], got[i], 1e-5f, "token " + token);
    }
  }

  private float[] maps(GenerationRequest request, String site) {
    return pipeline.generate(request).attention().get(0).of(site).floats();
  }

  @Test
  void regionsHoldAPhraseInPlace() {
    AttentionEdit everywhere = AttentionEdit.within(filled(Color.WHITE), "cat");
    assertArrayEquals(latents(CAT.edit(IDENTITY)), latents(CAT.edit(everywhere)), 1e-5f);
    AttentionEdit nowhere = AttentionEdit.within(filled(Color.BLACK), "cat");
    assertArrayEquals(
        latents(CAT.edit(AttentionEdit.suppress("cat")).edit(AttentionEdit.normalize())),
        latents(CAT.edit(nowhere)),
        1e-5f);
    BufferedImage left = filled(Color.BLACK);
    left.createGraphics().fillRect(0, 0, 8, 16);
    AttentionMaps maps =
        pipeline
            .generate(CAT.edit(AttentionEdit.within(left, "cat")).edit(AttentionEdit.capture()))
            .attention()
            .get(0);
    float[] heat = maps.heat("cat").floats();
    assertTrue(heat[8 * 4 + 1] > 0);
    assertEquals(0, heat[8 * 4 + 7]);
  }

  @Test
  void guidanceAwayIsLinearInItsScale() {
    GenerationRequest one = CAT.steps(1);
    float[] plain = latents(one);
    float[] some = latents(one.edit(AttentionEdit.perturbedGuidance(1).at(SELF)));
    float[] more = latents(one.edit(AttentionEdit.perturbedGuidance(3).at(SELF)));
    assertDiffer(plain, some);
    for (int i = 0; i < plain.length; i++) {
      assertEquals(3 * (some[i] - plain[i]), more[i] - plain[i], 1e-4f);
    }
    // Without a guidance pair, and beside a source.
    GenerationRequest unguided = one.guidanceScale(1);
    assertDiffer(
        latents(unguided), latents(unguided.edit(AttentionEdit.perturbedGuidance(1).at(SELF))));
    GenerationRequest sourced = one.source("a red cat").edit(AttentionEdit.replace());
    assertDiffer(
        latents(sourced), latents(sourced.edit(AttentionEdit.perturbedGuidance(1).at(SELF))));
  }

  private static final SiteSelection SELF = SiteSelection.self();

  @Test
  void picturesWithoutPromptsAreGuidedAwayToo() throws Exception {
    try (var unconditional = TestModels.tinyUnconditional(7).open()) {
      GenerationRequest request = GenerationRequest.unconditional().steps(2).seed(5).images(2);
      assertDiffer(
          Generations.latents(unconditional, request),
          Generations.latents(
              unconditional, request.edit(AttentionEdit.perturbedGuidance(2).at(SELF))));
    }
  }

  @Test
  void anEditOfOnesOwnTakesValues() {
    AttentionEdit own = new Damped(1);
    assertArrayEquals(latents(CAT.edit(IDENTITY)), latents(CAT.edit(own)), 0f);
    assertDiffer(latents(CAT), latents(CAT.edit(new Damped(0.25f))));
  }

  /** Multiplies all attention by a share that each request gives. */
  private record Damped(float share) implements AttentionEdit {
    @Override
    public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
      var own = graph.input("share", DType.FLOAT32, Dims.of(1));
      return probabilities.mul(own);
    }

    @Override
    public Map<String, Tensor> values(EditedRequest request) {
      return Map.of("share", Tensor.of(Shape.of(1), share));
    }

    @Override
    public Object structure() {
      return Damped.class;
    }
  }

  @Test
  void refusals() throws Exception {
    assertTrue(
        refused(CAT.edit(AttentionEdit.reweight("dog", 2)))
            .contains("no 'dog'; its words are [a, red, cat]"));
    assertTrue(
        refused(CAT.edit(SQUARED.at(SiteSelection.cross().in("mid_block.attentions.7"))))
            .contains("down_blocks.0.attentions.0.transformer_blocks.0.attn2"));
    assertTrue(
        refused(CAT.edit(AttentionEdit.reweight("cat", 2).at(SELF))).contains("acts on words"));
    assertTrue(refused(CAT.edit(AttentionEdit.replace())).contains("source(prompt)"));
    assertTrue(refused(CAT.source("a dog").edit(SQUARED)).contains("none of its edits reads it"));
    assertTrue(
        refused(CAT.source("a dog").edit(AttentionEdit.replace())).contains("equally many words"));
    assertTrue(
        refused(CAT.edit(AttentionEdit.reweight(PromptPart.tokens(77), 2)))
            .contains("77 tokens, 0 to 76"));
    assertTrue(
        refused(CAT.source("a dog").edit(AttentionEdit.refine(0, 1))).contains("has 2 tokens"));
    assertTrue(
        refused(CAT.edit((site, p, graph) -> p.sum(-1).squeeze(3)))
            .contains("keep type and shape"));
    assertThrows(
        IllegalArgumentException.class, () -> TestModels.tiny(7).edit(AttentionEdit.suppress("a")));
    assertThrows(IllegalArgumentException.class, () -> AttentionEdit.reweight("cat", -1));
    assertThrows(IllegalArgumentException.class, () -> AttentionEdit.refine(0, 7));
  }

  @Test
  void aCallersDenoiserHasNothingToEdit() throws Exception {
    Denoiser zero =
        new Denoiser() {
          @Override
          public int channels() {
            return 4;
          }

          @Override
          public PredictionType predictionType() {
            return PredictionType.EPSILON;
          }

          @Override
          public Tensor predict(
              Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
            return x;
          }
        };
    try (var own = TestModels.tiny(7).denoiser(zero).open()) {
      assertThrows(
          UnsupportedModelException.class,
          () -> own.generate(CAT.edit(AttentionEdit.suppress("cat"))));
    }
  }

  @Test
  void thePipelinesEditsAreInEveryRequestAndAllAreTold() throws Exception {
    try (var edited = TestModels.tiny(7).edit(SQUARED).open()) {
      assertArrayEquals(latents(CAT.edit(SQUARED)), Generations.latents(edited, CAT), 0f);
      String json =
          edited
              .generate(CAT.edit(AttentionEdit.reweight("cat", 2).during(0, 0.5)))
              .first()
              .metadata()
              .json()
              .orElseThrow();
      assertTrue(
          json.contains(
              "\"attention_edits\":[\"edit\",\"reweight 'cat' by 2.0 at cross-attention during"
                  + " 0.0 to 0.5 of the steps\"]"),
          json);
    }
  }

  @Test
  void exportsAreEditedToo() throws Exception {
    var folder = GoldenArrays.file("onnx_export", "sd_onnx");
    try (var export = DiffusionPipeline.builder(Checkpoint.read(folder)).open()) {
      GenerationRequest cat = GenerationRequest.of("a cat").steps(2).guidanceScale(3).seed(5);
      assertEquals(8, export.attentionSites().size());
      assertEquals(
          new AttentionSite(
              "mid_block.attentions.0.transformer_blocks.0.attn2", AttentionSite.Kind.CROSS, 4, 2),
          export.attentionSites().get(3));
      assertArrayEquals(
          Generations.latents(export, cat), Generations.latents(export, cat.edit(IDENTITY)), 1e-4f);
      assertDiffer(
          Generations.latents(export, cat),
          Generations.latents(export, cat.edit(AttentionEdit.perturbedGuidance(3))));
    }
  }

  @Test
  void perturbedGuidanceHasTheReferencesNumbers() throws Exception {
    // diffusers 0.42.1, StableDiffusionPAGPipeline on the same network, pag_applied_layers mid,
    // pag_scale 3, guidance_scale 5, DDIM with 4 steps, torch's generator with seed 5, 16 pixels.
    float[] expected = {
      0.39801639f, 0.98715293f, -0.89735818f, -0.18817425f, 0.46332112f, 0.97381681f
    };
    var folder = GoldenArrays.file("onnx_export", "sd_onnx");
    try (var export = DiffusionPipeline.builder(Checkpoint.read(folder)).scheduler("ddim").open()) {
      GenerationRequest request =
          GenerationRequest.of("a photo of a cat")
              .size(16, 16)
              .steps(4)
              .guidanceScale(5)
              .latents(new TorchGenerator(5).randn(Shape.of(1, 4, 8, 8)))
              .edit(AttentionEdit.perturbedGuidance(3));
      float[] got = Generations.latents(export, request);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], got[i], 2e-4f);
      }
    }
  }
}
