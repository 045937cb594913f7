package dev.palimpsest;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.ComponentKind;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** ONNX exports: a folder as optimum writes it, and a network on its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OnnxModelsTest {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a cat").steps(3).guidanceScale(1).seed(5);

  @SuppressWarnings("NullAway.Init")
  private Path folder;

  @SuppressWarnings("NullAway.Init")
  private DiffusionPipeline pipeline;

  @BeforeAll
  void open() throws Exception {
    folder = GoldenArrays.file("onnx_export", "sd_onnx");
    pipeline = DiffusionPipeline.builder(Checkpoint.read(folder)).open();
  }

  @AfterAll
  void close() {
    pipeline.close();
  }

  private static float[] pixels(DiffusionPipeline pipeline, GenerationRequest request) {
    return pipeline.generate(request).first().pixels().floats();
  }

  private float[] pixels(GenerationRequest request) {
    return pixels(pipeline, request);
  }

  @Test
  void generatesLikeALoopOverItsFiles() throws Exception {
    assertEquals(ComponentKind.ONNX, pipeline.checkpoint().component("unet").kind());
    float[] generated = pixels(CAT);
    assertEquals(3 * 32 * 32, generated.length);
    assertArrayEquals(byHand(), generated, 1e-6f);
  }

  /** The same without any of the pipeline. */
  private float[] byHand() throws IOException {
    NoiseSource noise = NoiseSource.torch(5);
    SchedulerRun run = pipeline.scheduler().scheduler().begin(pipeline.scheduler().plan(3));
    try (Session text = session("text_encoder");
        Session unet = session("unet");
        Session decoder = session("vae_decoder")) {
      long[] ids = ClipTokenizer.read(folder.resolve("tokenizer")).encodePadded("a cat").ids();

      Tensor hidden =
          requireNonNull(text.run(Map.of("input_ids", tokens(text, ids))).get("last_hidden_state"));
      float[] x = noise.gaussian(Shape.of(1, 4, 16, 16)).floats().clone();
      for (int i = 0; i < x.length; i++) {
        x[i] *= (float) run.initialScale();
      }
      Tensor latents = Tensor.of(Shape.of(1, 4, 16, 16), x);
      for (int i = 0; i < run.steps(); i++) {
        latents =
            run.step(
                    i,
                    latents,
                    (sample, t) ->
                        requireNonNull(
                            unet.run(
                                    Map.of(
                                        "sample",
                                        sample,
                                        "timestep",
                                        Tensor.of(Shape.of(1), (long) t),
                                        "encoder_hidden_states",
                                        hidden))
                                .get("out_sample")),
                    noise)
                .x();
      }
      float[] z = latents.floats().clone();
      for (int i = 0; i < z.length; i++) {
        z[i] /= 0.18215f;
      }
      float[] out =
          requireNonNull(
                  decoder.run(Map.of("latent_sample", Tensor.of(latents.shape(), z))).get("sample"))
              .floats()
              .clone();
      for (int i = 0; i < out.length; i++) {
        out[i] = Math.min(1, Math.max(0, out[i] / 2 + 0.5f));
      }
      return out;
    }
  }

  private static Tensor tokens(Session text, long[] ids) {
    return requireNonNull(text.inputs().get("input_ids")).dtype() == DType.INT32
        ? Tensor.of(Shape.of(1, ids.length), Arrays.stream(ids).mapToInt(i -> (int) i).toArray())
        : Tensor.of(Shape.of(1, ids.length), ids);
  }

  private Session session(String name) throws IOException {
    return Session.open(folder.resolve(name).resolve("model.onnx"), Device.cpu());
  }

  @Test
  void takesWholeTimesteps() throws Exception {
    try (Session unet = session("unet")) {
      assertEquals(DType.INT64, requireNonNull(unet.inputs().get("timestep")).dtype());
    }
  }

  @Test
  void anySizeGuidanceAndSeveralImages() {
    GenerationRequest request = CAT.guidanceScale(4).size(48, 24);
    assertArrayEquals(pixels(request), pixels(request));
    assertEquals(3 * 48 * 24, pixels(request).length);
    assertFalse(Arrays.equals(pixels(request), pixels(request.negativePrompt("a dog"))));
    List<GeneratedImage> both = pipeline.generate(request.images(2)).images();
    assertArrayEquals(pixels(request.seed(6)), both.get(1).pixels().floats(), 1e-5f);
  }

  @Test
  void imageToImageWithTheExportedEncoder() {
    var image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
    assertEquals(3 * 32 * 32, pixels(CAT.image(image).strength(0.7)).length);
  }

  @Test
  void clipSkipIsRefusedByName() {
    var e = assertThrows(UnsupportedModelException.class, () -> pipeline.generate(CAT.clipSkip(1)));
    assertTrue(String.valueOf(e.getMessage()).contains("clipSkip"), e.getMessage());
  }

  @Test
  void aMissingModelFileIsNamed(@TempDir Path temp) throws Exception {
    Path copy = temp.resolve("sd_onnx");
    try (var files = Files.walk(folder)) {
      for (Path file : files.toList()) {
        if (!file.endsWith("unet/model.onnx")) {
          Files.copy(file, copy.resolve(folder.relativize(file).toString()));
        }
      }
    }
    var e = assertThrows(CheckpointException.class, () -> Checkpoint.read(copy));
    assertTrue(String.valueOf(e.getMessage()).contains("no model.onnx"), e.getMessage());
    Files.writeString(copy.resolve("unet/model.onnx"), "not a model");
    var bad = DiffusionPipeline.builder(Checkpoint.read(copy));
    assertThrows(CheckpointException.class, bad::open);
  }

  private OnnxDenoiser.Builder unet() {
    return OnnxDenoiser.builder(folder.resolve("unet/model.onnx"));
  }

  @Test
  void aNetworkOnItsOwnGivesTheSame() throws Exception {
    try (Denoiser network = unet().channels(4).open(Device.cpu());
        var own = DiffusionPipeline.builder(pipeline.checkpoint()).denoiser(network).open()) {
      assertEquals(PredictionType.EPSILON, network.predictionType());
      assertFalse(network.predictsVariance());
      assertArrayEquals(pixels(CAT), pixels(own, CAT));
    }
  }

  /** y = x / 2 + c, under names of its own; the timestep is read and does nothing. */
  private static Path network(Path temp, int times) throws IOException {
    Value x = Value.input("x", DType.FLOAT32, Dims.parse("batch", 2, "height", "width"));
    Value t = Value.input("t", DType.FLOAT32, Dims.parse("batch"));
    Value c = Value.input("c", DType.FLOAT32, Dims.parse("batch", 1, 1, 1));
    Value zero = t.mul(Value.constant(0f)).reshape(-1, 1, 1, 1);
    Value y = x.mul(Value.constant(0.5f)).add(c).add(zero);
    Value out = times == 1 ? y : Value.concat(1, y, y);
    Path file = temp.resolve("network.onnx");
    Files.write(file, Onnx.modelWithoutWeights(Graph.of("own", "y", out), "none.bin"));
    return file;
  }

  @Test
  void inputsAreMappedByName(@TempDir Path temp) throws Exception {
    try (Denoiser own =
        OnnxDenoiser.builder(network(temp, 1))
            .name("sample", "x")
            .name("timestep", "t")
            .name("class_value", "c")
            .channels(2)
            .predictionType(PredictionType.V_PREDICTION)
            .open(Device.cpu())) {
      assertEquals(2, own.channels());
      assertEquals(PredictionType.V_PREDICTION, own.predictionType());
      Tensor x = NoiseSource.torch(1).gaussian(Shape.of(2, 2, 3, 4));
      Conditioning seven =
          Conditioning.none().with("class_value", Tensor.of(Shape.of(2, 1, 1, 1), 7f, 8f));
      float[] y = own.predict(x, 10, seven, new Cancellation()).floats();
      for (int i = 0; i < y.length; i++) {
        assertEquals(x.floats()[i] / 2 + (i < 24 ? 7 : 8), y[i]);
      }
      var missing =
          assertThrows(
              IllegalArgumentException.class,
              () -> own.predict(x, 10, Conditioning.none(), new Cancellation()));
      assertTrue(String.valueOf(missing.getMessage()).contains("input c"), missing.getMessage());
      var extra =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  own.predict(
                      x, 10, seven.with("more", Tensor.zeros(Shape.of(2))), new Cancellation()));
      assertTrue(String.valueOf(extra.getMessage()).contains("more"), extra.getMessage());
    }
  }

  @Test
  void aWrongMappedNameListsTheInputs() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> unet().name("sample", "latent").open(Device.cpu()));
    String message = String.valueOf(e.getMessage());
    for (String part : List.of("no input latent for sample", "timestep", "encoder_hidden_states")) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void aModelWithoutASampleIsRefused() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                OnnxDenoiser.builder(folder.resolve("vae_decoder/model.onnx")).open(Device.cpu()));
    assertTrue(String.valueOf(e.getMessage()).contains("latent_sample"), e.getMessage());
  }

  @Test
  void anOutputOfAnotherShapeIsRefused(@TempDir Path temp) throws Exception {
    var builder =
        OnnxDenoiser.builder(network(temp, 2))
            .name("sample", "x")
            .name("timestep", "t")
            .name("class_value", "c")
            .channels(2);
    Tensor x = Tensor.zeros(Shape.of(1, 2, 3, 4));
    Conditioning one = Conditioning.none().with("class_value", Tensor.of(Shape.of(1, 1, 1, 1), 1f));
    try (Denoiser wrong = builder.open(Device.cpu())) {
      var e =
          assertThrows(
              IllegalStateException.class, () -> wrong.predict(x, 1, one, new Cancellation()));
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("[1, 4, 3, 4]") && message.contains("network.onnx"), message);
    }
    try (Denoiser learned = builder.predictsVariance().open(Device.cpu())) {
      assertTrue(learned.predictsVariance());
      assertEquals(Shape.of(1, 4, 3, 4), learned.predict(x, 1, one, new Cancellation()).shape());
    }
  }

  @Test
  void badBuilderValuesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> unet().channels(0));
    assertThrows(
        IllegalArgumentException.class, () -> unet().name("sample", "x").name("sample", "y"));
    assertThrows(
        IOException.class, () -> OnnxDenoiser.builder(Path.of("no.onnx")).open(Device.cpu()));
  }
}
