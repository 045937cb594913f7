package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DiffusionPipelineTest {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a cat").steps(3).seed(5).guidanceScale(4);

  @SuppressWarnings("NullAway.Init")
  private DiffusionPipeline pipeline;

  @BeforeAll
  void open() throws Exception {
    pipeline = TestModels.tiny(7).open();
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
  void sameRequestSameBytes() {
    assertArrayEquals(pixels(CAT), pixels(CAT));
    assertFalse(Arrays.equals(pixels(CAT), pixels(CAT.seed(6))));
  }

  @Test
  void eachImageOfABatchIsWhatItIsAlone() {
    GenerationResult batch = pipeline.generate(CAT.seeds(5, 9, 2));
    assertEquals(3, batch.images().size());
    for (GeneratedImage image : batch.images()) {
      float[] alone = pixels(CAT.seeds(image.seed().orElseThrow()));
      assertArrayEquals(alone, image.pixels().floats(), 1e-5f);
    }
  }

  @Test
  void seedsCountUpFromTheFirst() {
    List<OptionalLong> seeds = new ArrayList<>();
    pipeline.generate(CAT.seed(40).images(2)).images().forEach(i -> seeds.add(i.seed()));
    assertEquals(List.of(OptionalLong.of(40), OptionalLong.of(41)), seeds);
  }

  @Test
  void withoutASeedOneIsDrawnAndReported() {
    GenerationRequest unseeded = GenerationRequest.of("a cat").steps(2);
    GeneratedImage image = pipeline.generate(unseeded).first();
    long seed = image.seed().orElseThrow();
    assertArrayEquals(image.pixels().floats(), pixels(unseeded.seed(seed)));
  }

  @Test
  void guidanceOfOneIgnoresTheNegativePrompt() {
    GenerationRequest plain = CAT.guidanceScale(1);
    assertArrayEquals(pixels(plain), pixels(plain.negativePrompt("a dog")));
    assertFalse(Arrays.equals(pixels(CAT), pixels(CAT.negativePrompt("a dog"))));
  }

  @Test
  void encodedPromptsStandForTheText() {
    EncodedPrompts cat = pipeline.encodePrompt(CAT);
    GenerationRequest dog = CAT.prompt("a dog");
    assertEquals("a dog", dog.prompt().orElseThrow());
    assertFalse(Arrays.equals(pixels(CAT), pixels(dog)));
    assertArrayEquals(pixels(CAT), pixels(dog.encodedPrompts(cat)));
    GenerationRequest unguided = dog.guidanceScale(1);
    assertArrayEquals(pixels(CAT.guidanceScale(1)), pixels(unguided.encodedPrompts(cat)));
    EncodedPrompts half = pipeline.encodePrompt(CAT.guidanceScale(1));
    assertThrows(IllegalArgumentException.class, () -> pixels(CAT.encodedPrompts(half)));
  }

  @Test
  void anySizeOfWholeLatents() {
    GeneratedImage image = pipeline.generate(CAT.size(22, 10)).first();
    assertEquals(22, image.width());
    assertEquals(10, image.height());
  }

  @Test
  void listenerSeesEachStepAndAPreview() {
    var steps = new ArrayList<Integer>();
    pipeline.generate(
        CAT,
        step -> {
          steps.add(step.step());
          assertEquals(3, step.steps());
          assertEquals(Shape.of(1, 4, 8, 8), step.latents().shape());
          BufferedImage preview = step.previews().get(0);
          assertEquals(8, preview.getWidth());
        });
    assertEquals(List.of(1, 2, 3), steps);
  }

  @Test
  void listenerCancelsWithinOneStep() {
    var seen = new AtomicInteger();
    GenerationListener afterOne =
        step -> {
          seen.incrementAndGet();
          step.cancel();
        };
    assertThrows(CancelledException.class, () -> pipeline.generate(CAT.steps(9), afterOne));
    assertEquals(1, seen.get());
    assertArrayEquals(pixels(CAT), pixels(CAT)); // still usable
  }

  @Test
  void anExceptionOfTheListenerReachesTheCaller() {
    GenerationListener failing =
        step -> {
          throw new UnsupportedOperationException("mine");
        };
    assertThrows(UnsupportedOperationException.class, () -> pipeline.generate(CAT, failing));
  }

  @Test
  void cancellingTheFutureStopsTheRun() throws Exception {
    var executor = Executors.newSingleThreadExecutor();
    try {
      var future = pipeline.generateAsync(CAT.steps(900).size(64, 64), executor);
      Thread.sleep(50);
      assertTrue(future.cancel(true));
      executor.shutdown();
      assertTrue(executor.awaitTermination(20, TimeUnit.SECONDS));
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void asyncGivesTheSame() throws Exception {
    CompletableFuture<GenerationResult> future = pipeline.generateAsync(CAT, Runnable::run);
    assertArrayEquals(pixels(CAT), future.get().first().pixels().floats());
    var wrong = pipeline.generateAsync(CAT.size(3, 3), Runnable::run);
    assertThrows(ExecutionException.class, wrong::get);
  }

  @Test
  void closingWaitsForTheGenerationAndThenRefuses() throws Exception {
    DiffusionPipeline other = TestModels.tiny(3).open();
    var running = new CountDownLatch(1);
    var steps = new AtomicInteger();
    var generation =
        CompletableFuture.runAsync(
            () ->
                other.generate(
                    CAT.steps(20),
                    step -> {
                      steps.incrementAndGet();
                      running.countDown();
                    }));
    running.await();
    other.close();
    assertEquals(20, steps.get(), "closed before the generation ended");
    generation.get();
    other.close(); // harmless
    assertThrows(IllegalStateException.class, () -> other.generate(CAT));
  }

  @Test
  void aListenerCannotCloseItsPipeline() {
    assertThrows(
        IllegalStateException.class, () -> pipeline.generate(CAT, step -> pipeline.close()));
  }

  @Test
  void threadsGetWhatTheyWouldGetAlone() throws Exception {
    float[][] alone = new float[4][];
    for (int i = 0; i < alone.length; i++) {
      alone[i] = pixels(CAT.seed(i));
    }
    var executor = Executors.newFixedThreadPool(4);
    try {
      var futures = new ArrayList<CompletableFuture<GenerationResult>>();
      for (int i = 0; i < 12; i++) {
        futures.add(pipeline.generateAsync(CAT.seed(i % 4), executor));
      }
      for (int i = 0; i < 12; i++) {
        assertArrayEquals(alone[i % 4], futures.get(i).get().first().pixels().floats());
      }
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void imageToImageStaysNearTheImageAtLowStrength() {
    BufferedImage image = pipeline.generate(CAT).first().toBufferedImage();
    GenerationRequest request = CAT.image(image).steps(10);
    assertArrayEquals(pixels(request.strength(0.3)), pixels(request.strength(0.3)));
    assertFalse(Arrays.equals(pixels(request.strength(0.3)), pixels(request.strength(0.9))));
  }

  @Test
  void inpaintingKeepsTheLatentsOutsideTheMask() {
    BufferedImage image = pipeline.generate(CAT).first().toBufferedImage();
    var black = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    var last = new ArrayList<Tensor>();
    pipeline.generate(CAT.image(image).mask(black).seed(1), step -> last.add(step.latents()));
    var other = new ArrayList<Tensor>();
    pipeline.generate(
        CAT.image(image).mask(black).seed(1).guidanceScale(9), step -> other.add(step.latents()));
    assertArrayEquals(last.get(2).floats(), other.get(2).floats());
  }

  @Test
  void inpaintingModelsTakeTheMaskAsInput() throws Exception {
    BufferedImage image = pipeline.generate(CAT).first().toBufferedImage();
    var mask = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    try (var nine = DiffusionPipeline.builder(TestModels.checkpoint(2, 9)).open()) {
      assertEquals(3 * 16 * 16, pixels(nine, CAT.image(image).mask(mask)).length);
      assertThrows(IllegalArgumentException.class, () -> nine.generate(CAT));
    }
  }

  @Test
  void unconditionalModels() throws Exception {
    try (var ddpm = TestModels.tinyUnconditional(1).open()) {
      GenerationRequest request = GenerationRequest.unconditional().steps(3).seed(1);
      assertEquals(3 * 8 * 8, pixels(ddpm, request).length);
      assertThrows(IllegalArgumentException.class, () -> ddpm.generate(CAT));
      assertThrows(
          IllegalArgumentException.class,
          () -> ddpm.generate(GenerationRequest.ofClass(1).steps(1)));
    }
  }

  @Test
  void severalPicturesOfAClass() throws Exception {
    var checkpoint = TestModels.classConditionalCheckpoint(1, 3);
    try (var classes = DiffusionPipeline.builder(checkpoint).open()) {
      GenerationRequest request = GenerationRequest.ofClass(2).steps(3);
      List<GeneratedImage> two = classes.generate(request.seeds(1, 2)).images();
      assertArrayEquals(pixels(classes, request.seed(2)), two.get(1).pixels().floats(), 1e-5f);
      assertThrows(
          IllegalArgumentException.class,
          () -> classes.generate(GenerationRequest.ofClass(3).steps(3)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ddim", "ddpm", "pndm", "lms", "euler", "euler_ancestral", "heun", "lcm"})
  void everySchedulerByName(String name) throws Exception {
    assertTrue(Schedulers.names().contains(name), () -> name + " of " + Schedulers.names());
    try (var other = TestModels.tiny(7).scheduler(name).open()) {
      GenerationRequest five = CAT.steps(5);
      assertArrayEquals(pixels(other, five), pixels(other, five));
    }
  }

  @Test
  void anUnknownSchedulerNameListsTheKnown() {
    var e =
        assertThrows(IllegalArgumentException.class, () -> TestModels.tiny(7).scheduler("banana"));
    assertTrue(String.valueOf(e.getMessage()).contains("ddim"), e.getMessage());
  }

  @Test
  void noiseAndLatentsMayBeTheCallers() {
    Tensor noise = NoiseSource.torch(5).gaussian(Shape.of(1, 4, 8, 8));
    GenerationRequest own = GenerationRequest.of("a cat").steps(3).guidanceScale(4).latents(noise);
    assertArrayEquals(pixels(CAT), pixels(own));
    GenerationRequest source =
        GenerationRequest.of("a cat").steps(3).guidanceScale(4).noise(() -> NoiseSource.torch(5));
    assertArrayEquals(pixels(CAT), pixels(source));
    assertTrue(pipeline.generate(source).first().seed().isEmpty());
  }

  @Test
  void aLongPromptIsCutWithAWarning() {
    GenerationResult cut = pipeline.generate(GenerationRequest.of("word ".repeat(10_000)).steps(1));
    assertEquals(1, cut.warnings().size());
    GenerationResult whole =
        pipeline.generate(
            GenerationRequest.of("word ".repeat(40)).promptSyntax(PromptSyntax.WEIGHTED).steps(1));
    assertEquals(List.of(), whole.warnings());
  }

  @Test
  void weightsInAPromptChangeThePicture() {
    GenerationRequest weighted = CAT.promptSyntax(PromptSyntax.WEIGHTED);
    GenerationRequest heavier =
        GenerationRequest.of("a (cat:1.4)")
            .promptSyntax(PromptSyntax.WEIGHTED)
            .steps(3)
            .seed(5)
            .guidanceScale(4);
    assertArrayEquals(pixels(CAT), pixels(weighted), 1e-5f);
    assertFalse(Arrays.equals(pixels(weighted), pixels(heavier)));
  }

  @Test
  void clipSkipChangesThePicture() {
    assertFalse(Arrays.equals(pixels(CAT), pixels(CAT.clipSkip(1))));
  }

  @Test
  void vaeTilingOfAPictureWithinATileChangesNothing() throws Exception {
    try (var tiled = TestModels.tiny(7).vaeTiling(VaeTiling.DIFFUSERS).open()) {
      assertArrayEquals(pixels(CAT), pixels(tiled, CAT));
      assertEquals(3 * 40 * 40, pixels(tiled, CAT.size(40, 40)).length);
    }
  }

  @Test
  void exactTilingGivesThePictureOfTheWhole() throws Exception {
    GenerationRequest large = CAT.size(528, 32); // wider than a tile
    assertArrayEquals(pixels(large), pixels(large.vaeTiling(VaeTiling.EXACT)), 1e-5f);
    BufferedImage start = pipeline.generate(large).first().toBufferedImage();
    GenerationRequest again = large.image(start);
    assertArrayEquals(pixels(again), pixels(again.vaeTiling(VaeTiling.EXACT)), 1e-5f);
  }

  @Test
  void tilingIsForTheCheckpointsAutoencoder() throws Exception {
    GenerationRequest tiled = CAT.vaeTiling(VaeTiling.EXACT);
    try (var other = TestModels.tiny(7).decoder(LatentDecoder.identity()).open()) {
      assertThrows(IllegalArgumentException.class, () -> other.generate(tiled));
    }
    try (var pixels = TestModels.tinyUnconditional(7).open()) {
      GenerationRequest request =
          GenerationRequest.unconditional().vaeTiling(VaeTiling.DIFFUSERS).steps(2);
      assertThrows(IllegalArgumentException.class, () -> pixels.generate(request));
    }
  }

  @Test
  void halfPrecisionStaysNearFloat32() throws Exception {
    try (var half = TestModels.tiny(7).precision(Precision.HALF).open()) {
      assertArrayEquals(pixels(CAT), pixels(half, CAT), 0.03f);
      assertFalse(Arrays.equals(pixels(CAT), pixels(half, CAT)));
    }
  }

  @Test
  void anAutoencoderThatOverflowsInHalfPrecisionIsRunInFloat32() throws Exception {
    String name = "post_quant_conv.weight";
    Tensor weight = TestModels.checkpoint(7).weights("vae").get(name);
    float[] large = weight.floats().clone();
    for (int i = 0; i < large.length; i++) {
      large[i] *= 1e6f;
    }
    WeightLayer layer =
        WeightLayer.replacing("large", "vae", Map.of(name, Tensor.of(weight.shape(), large)));
    var checkpoint = TestModels.checkpoint(7).with(layer);
    try (var half = DiffusionPipeline.builder(checkpoint).precision(Precision.HALF).open();
        var exact = DiffusionPipeline.builder(checkpoint).open()) {
      assertArrayEquals(pixels(exact, CAT), pixels(half, CAT), 0.03f);
    }
  }

  @Test
  void aRejectedPictureIsReportedNotReturned() throws Exception {
    ImageCheck second =
        (pictures, cancellation) ->
            List.of(ImageCheck.Verdict.accept(), ImageCheck.Verdict.reject("not this one"));
    try (var checked = TestModels.tiny(7).addImageCheck(second).open()) {
      GenerationResult result = checked.generate(CAT.seeds(1, 2));
      assertEquals(1, result.images().size());
      assertEquals(
          List.of(new GenerationResult.Rejection(OptionalLong.of(2), "not this one")),
          result.rejected());
    }
  }

  @Test
  void aDenoiserOfTheCaller() throws Exception {
    try (var own = TestModels.tiny(7).denoiser(new Halving(1)).open()) {
      assertArrayEquals(pixels(own, CAT), pixels(own, CAT));
    }
    try (var wrong = TestModels.tiny(7).denoiser(new Halving(2)).open()) {
      var e = assertThrows(IllegalStateException.class, () -> wrong.generate(CAT));
      assertTrue(String.valueOf(e.getMessage()).contains("shape"), e.getMessage());
    }
  }

  /** Predicts half of what it gets as noise, or a wrong shape. */
  private record Halving(int times) implements Denoiser {
    @Override
    public int channels() {
      return 4;
    }

    @Override
    public PredictionType predictionType() {
      return PredictionType.EPSILON;
    }

    @Override
    public Tensor predict(Tensor x, double t, Conditioning conditioning, Cancellation c) {
      float[] in = x.floats();
      float[] out = new float[in.length * times];
      for (int i = 0; i < out.length; i++) {
        out[i] = in[i % in.length] / 2;
      }
      return Tensor.of(x.shape().withDim(1, 4L * times), out);
    }
  }

  @Test
  void pngsSayHowTheyWereMade(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("cat.png");
    pipeline.generate(CAT.negativePrompt("grün, 犬")).first().save(file);
    PngMetadata metadata = PngFile.metadata(file);
    String parameters = metadata.parameters().orElseThrow();
    assertTrue(
        parameters.startsWith("a cat\nNegative prompt: grün, 犬\nSteps: 3, Sampler: ddim"),
        parameters);
    assertTrue(parameters.contains("CFG scale: 4, Seed: 5, Size: 16x16"), parameters);
    assertTrue(metadata.json().orElseThrow().contains(pipeline.checkpoint().hash()));
    assertTrue(metadata.isGenerated());
    pipeline.generate(CAT).first().saveWithoutMetadata(file);
    assertTrue(PngFile.metadata(file).parameters().isEmpty());
    assertTrue(PngFile.metadata(file).isGenerated());
  }

  @Test
  void anUnwritableOutputLeavesNothing(@TempDir Path dir) throws IOException {
    GeneratedImage image = pipeline.generate(CAT).first();
    Path taken = Files.createDirectory(dir.resolve("taken.png"));
    Files.createFile(taken.resolve("inside"));
    assertThrows(IOException.class, () -> image.save(taken));
    assertThrows(IOException.class, () -> image.save(dir.resolve("no/such/folder.png")));
    try (var files = Files.list(dir)) {
      assertEquals(List.of(taken), files.toList());
    }
  }

  @Test
  void badRequestsAreRefusedWhereTheyAreMade() {
    assertThrows(IllegalArgumentException.class, () -> CAT.steps(0));
    assertThrows(IllegalArgumentException.class, () -> CAT.guidanceScale(-1));
    assertThrows(IllegalArgumentException.class, () -> CAT.guidanceScale(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> CAT.guidanceRescale(2));
    assertThrows(IllegalArgumentException.class, () -> CAT.size(0, 8));
    assertThrows(IllegalArgumentException.class, () -> CAT.strength(0));
    assertThrows(IllegalArgumentException.class, () -> CAT.images(0));
    assertThrows(IllegalArgumentException.class, () -> CAT.clipSkip(-1));
    Tensor nan = Tensor.of(Shape.of(1, 1, 1, 1), Float.NaN);
    var e = assertThrows(IllegalArgumentException.class, () -> CAT.latents(nan));
    assertTrue(String.valueOf(e.getMessage()).contains("NaN"), e.getMessage());
  }

  @Test
  void requestsThatDoNotFitTheModelAreRefused() {
    var image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    for (GenerationRequest request :
        List.of(
            GenerationRequest.unconditional(),
            GenerationRequest.ofClass(1),
            CAT.size(17, 16),
            CAT.mask(image),
            CAT.strength(0.5),
            CAT.image(image).latents(Tensor.zeros(Shape.of(1, 4, 8, 8))),
            CAT.latents(Tensor.zeros(Shape.of(1, 4, 7, 8))),
            CAT.prompt2("more"),
            CAT.sizes(SizeConditioning.of(16, 16)),
            CAT.steps(1001))) {
      assertThrows(IllegalArgumentException.class, () -> pipeline.generate(request));
    }
    var e = assertThrows(IllegalArgumentException.class, () -> pipeline.generate(CAT.size(17, 16)));
    assertTrue(String.valueOf(e.getMessage()).contains("18x16"), e.getMessage());
  }

  @Test
  void previewFollowsTheDecoder() {
    var previews = new ArrayList<BufferedImage>();
    GeneratedImage image =
        pipeline.generate(CAT.steps(20), step -> previews.add(step.previews().get(0))).first();
    BufferedImage last = previews.get(19);
    double same = distance(last, image);
    double other = distance(last, pipeline.generate(CAT.steps(20).seed(99)).first());
    assertTrue(same < other, same + " against " + other);
    assertNotEquals(0, same);
  }

  private static double distance(BufferedImage small, GeneratedImage image) {
    BufferedImage large = image.toBufferedImage();
    double sum = 0;
    for (int y = 0; y < 8; y++) {
      for (int x = 0; x < 8; x++) {
        for (int shift = 0; shift <= 16; shift += 8) {
          int mean = 0;
          for (int i = 0; i < 4; i++) {
            mean += (large.getRGB(2 * x + i % 2, 2 * y + i / 2) >> shift) & 255;
          }
          sum += Math.abs(((small.getRGB(x, y) >> shift) & 255) - mean / 4.0);
        }
      }
    }
    return sum;
  }
}
