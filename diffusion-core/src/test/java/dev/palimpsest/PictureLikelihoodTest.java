package dev.palimpsest;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Ints;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.GaussianDiffusion;
import dev.palimpsest.likelihood.Likelihood;
import dev.palimpsest.likelihood.ModelVariance;
import dev.palimpsest.likelihood.NormalCdf;
import dev.palimpsest.likelihood.Respacing;
import dev.palimpsest.likelihood.StepSampling;
import dev.palimpsest.likelihood.StepTerm;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;

/** Bits per dimension of pictures, and pictures that end in the discrete decoder. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PictureLikelihoodTest {
  private static final LikelihoodRequest SHORT = LikelihoodRequest.all().respacing("20");
  private static final GenerationRequest FIVE =
      GenerationRequest.unconditional().steps(5).images(2).seed(3);

  @SuppressWarnings("NullAway.Init")
  private DiffusionPipeline learned;

  private final BufferedImage picture = picture();

  @BeforeAll
  void open() throws Exception {
    learned = learned(PixelDecoder.ROUNDED).open();
  }

  private static DiffusionPipeline.Builder learned(PixelDecoder decoder) {
    return DiffusionPipeline.builder(TestModels.learnedVarianceCheckpoint(2)).pixelDecoder(decoder);
  }

  @AfterAll
  void close() {
    learned.close();
  }

  private static BufferedImage picture() {
    var picture = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 64; i++) {
      picture.setRGB(i % 8, i / 8, 0x020304 * i);
    }
    return picture;
  }

  /** Knows the clean sample. */
  private record Certain(int channels, UnaryOperator<Tensor> answer) implements Denoiser {
    @Override
    public PredictionType predictionType() {
      return PredictionType.SAMPLE;
    }

    @Override
    public Tensor predict(
        Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
      return answer.apply(x);
    }
  }

  @Test
  void termsOfAPicture() {
    BitsPerDim bits = learned.bitsPerDim(picture, SHORT);
    assertEquals(192, bits.dimensions());
    assertEquals(20, bits.steps());
    assertEquals(20, bits.terms().size());
    assertEquals(999, bits.terms().get(0).timestep());
    assertEquals(0, bits.terms().get(19).timestep());
    double sum = bits.terms().stream().mapToDouble(StepTerm::bits).sum();
    assertEquals(sum, bits.transitions() + bits.decoder(), 1e-9);
    assertEquals(bits.prior() + sum, bits.total(), 1e-9);
    assertTrue(bits.total() > 1 && bits.prior() < 1e-4, bits::toString);
    assertEquals(bits, learned.bitsPerDim(picture, SHORT));
    assertNotEquals(bits, learned.bitsPerDim(picture, SHORT.seed(1)));
    assertNotEquals(
        bits.decoder(), learned.bitsPerDim(picture, SHORT.cdf(NormalCdf.ERF)).decoder());
  }

  /** A network that knows the picture leaves the decoder next to nothing to pay for. */
  @Test
  void theRightAnswerCostsLittle() throws Exception {
    Tensor x0 = Pictures.toTensor(picture);
    Denoiser knows = new Certain(3, x -> x0);
    try (var pipeline = TestModels.tinyUnconditional(1).denoiser(knows).open()) {
      BitsPerDim bits = pipeline.bitsPerDim(picture, LikelihoodRequest.all());
      assertEquals(1000, bits.terms().size());
      assertEquals(0, bits.transitions(), 1e-6);
      assertTrue(bits.decoder() < 2.5 && bits.decoder() > 0, bits::toString);
      bits.terms().forEach(term -> assertEquals(0, term.denoisedError(), 1e-12));
    }
  }

  @Test
  void graysOfAnRgbPictureAreOneChannel() throws Exception {
    var grays = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 64; i++) {
      grays.setRGB(i % 8, i / 8, 0x010101 * i);
    }
    Denoiser knows = new Certain(1, x -> Tensor.zeros(x.shape()));
    try (var pipeline = TestModels.tinyUnconditional(1).denoiser(knows).open()) {
      Tensor rgb = Pictures.toTensor(grays);
      Tensor plane = Tensor.of(Shape.of(1, 1, 8, 8), Arrays.copyOf(rgb.floats(), 64));
      BitsPerDim bits = pipeline.bitsPerDim(grays, SHORT);
      assertEquals(64, bits.dimensions());
      assertEquals(
          pipeline.bitsPerDim(plane, SHORT, Likelihood.Listener.NONE, new Cancellation()).get(0),
          bits);
      var coloured =
          assertThrows(IllegalArgumentException.class, () -> pipeline.bitsPerDim(picture, SHORT));
      assertTrue(String.valueOf(coloured.getMessage()).contains("coloured"), coloured.getMessage());
    }
  }

  @Test
  void aBatchTellsOfEachEvaluation() {
    Tensor one = Pictures.toTensor(picture);
    Tensor two = Tensor.concat(List.of(one, Tensor.of(one.shape(), negated(one.floats()))));
    List<Integer> told = new ArrayList<>();
    Likelihood.Listener listener = (done, all) -> told.add(done);
    List<BitsPerDim> both =
        learned.bitsPerDim(
            two, SHORT.sampling(StepSampling.stratified(4)), listener, new Cancellation());
    assertEquals(2, both.size());
    assertEquals(List.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), told);
    assertTrue(both.get(0).standardError().orElseThrow() > 0);
    assertNotEquals(both.get(0).total(), both.get(1).total());
  }

  private static float[] negated(float[] values) {
    float[] negated = values.clone();
    for (int i = 0; i < negated.length; i++) {
      negated[i] = -negated[i];
    }
    return negated;
  }

  @Test
  void classesSteer() throws Exception {
    var checkpoint = TestModels.classConditionalCheckpoint(1, 3);
    try (var pipeline = DiffusionPipeline.builder(checkpoint).open()) {
      BitsPerDim first = pipeline.bitsPerDim(picture, SHORT.classLabel(0));
      assertNotEquals(first, pipeline.bitsPerDim(picture, SHORT.classLabel(2)));
      assertRefused("0..2", () -> pipeline.bitsPerDim(picture, SHORT));
    }
  }

  @Test
  void cancelledBetweenEvaluations() {
    var cancellation = new Cancellation();
    Likelihood.Listener listener =
        (done, all) -> {
          if (done == 3) {
            cancellation.cancel();
          }
          assertTrue(done <= 3);
        };
    Tensor x0 = Pictures.toTensor(picture);
    assertThrows(
        CancelledException.class, () -> learned.bitsPerDim(x0, SHORT, listener, cancellation));
  }

  @Test
  void latentsAreRefused() throws Exception {
    try (var pipeline = TestModels.tiny(1).open()) {
      String message =
          requireNonNull(
              assertThrows(
                      UnsupportedModelException.class, () -> pipeline.bitsPerDim(picture, SHORT))
                  .getMessage());
      assertTrue(message.contains("latents"), message);
    }
  }

  private static void assertRefused(String part, Executable call) {
    String message =
        requireNonNull(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }

  @Test
  void wrongRequests() throws Exception {
    Consumer<Tensor> evaluate =
        x -> learned.bitsPerDim(x, SHORT, Likelihood.Listener.NONE, new Cancellation());
    assertRefused("[pictures, 3", () -> evaluate.accept(Tensor.zeros(Shape.of(1, 1, 8, 8))));
    assertRefused("8 bits", () -> evaluate.accept(Tensor.zeros(Shape.of(1, 3, 8, 8))));
    assertRefused("knows no classes", () -> learned.bitsPerDim(picture, SHORT.classLabel(1)));
    assertRefused("was -1", () -> SHORT.classLabel(-1));
    assertRefused(
        "predicts its variance",
        () -> learned.bitsPerDim(picture, SHORT.variance(ModelVariance.FIXED_LARGE)));
    assertRefused("ddimN", () -> learned.bitsPerDim(picture, SHORT.respacing("x")));
    try (var fixed = TestModels.tinyUnconditional(1).open()) {
      assertRefused(
          "predicts no variance",
          () -> fixed.bitsPerDim(picture, SHORT.variance(ModelVariance.LEARNED)));
    }
  }

  private static float[] pixels(PixelDecoder decoder, GenerationRequest request) throws Exception {
    try (var pipeline = learned(decoder).open()) {
      return pipeline.generate(request).images().get(1).pixels().floats();
    }
  }

  /** Levels next to those of the mean, or further off by what the variance allows. */
  @Test
  void decodersMakeLevels() throws Exception {
    float[] rounded = pixels(PixelDecoder.ROUNDED, FIVE);
    float[] likely = pixels(PixelDecoder.MOST_LIKELY, FIVE);
    float[] sampled = pixels(PixelDecoder.SAMPLED, FIVE);
    for (float[] levels : List.of(likely, sampled)) {
      for (float level : levels) {
        assertEquals(Math.rint(level * 255), level * 255, 1e-4);
      }
    }
    double sum = 0;
    for (int i = 0; i < rounded.length; i++) {
      // At the ends a level may be likelier than its neighbour that holds the mean.
      double tolerance = rounded[i] < 0.2 || rounded[i] > 0.8 ? 0.2 : 0.5001 / 255;
      assertEquals(rounded[i], likely[i], tolerance);
      sum += Math.abs(sampled[i] - likely[i]) * 255;
    }
    assertTrue(sum / rounded.length > 0.3, "levels between sampled and likeliest: " + sum);
    assertArrayEquals(sampled, pixels(PixelDecoder.SAMPLED, FIVE));
    assertFalse(Arrays.equals(sampled, pixels(PixelDecoder.SAMPLED, FIVE.seed(4))));
  }

  /** For a network that is certain of one grey, samples spread as the decoder's variance says. */
  @Test
  void samplesSpreadAsTheVarianceSays() throws Exception {
    for (String steps : List.of("ddim50", "10,5")) {
      Respacing respacing = Respacing.parse(1000, steps);
      int[] falling =
          Ints.toArray(Arrays.stream(respacing.falling()).mapToObj(t -> (int) t).toList());
      Denoiser grey = new Certain(3, x -> Tensor.zeros(x.shape()));
      try (var pipeline =
          TestModels.tinyUnconditional(1)
              .denoiser(grey)
              .pixelDecoder(PixelDecoder.SAMPLED)
              .open()) {
        var request = GenerationRequest.unconditional().size(64, 64).timesteps(falling).seed(1);
        float[] pixels = pipeline.generate(request).first().pixels().floats();
        double squares = 0;
        for (float pixel : pixels) {
          squares += Math.pow(2 * pixel - 1, 2);
        }
        var q = GaussianDiffusion.of(pipeline.scheduler().noiseSchedule()).respaced(respacing);
        double want = Math.exp(q.posteriorLogVariance(0)) + Math.pow(2.0 / 255, 2) / 12;
        assertEquals(1, squares / pixels.length / want, 0.05);
      }
    }
  }

  @Test
  void explicitTimestepsAreThoseOfTheSteps() {
    List<Double> visited = new ArrayList<>();
    var request = GenerationRequest.unconditional().timesteps(900, 500, 0).seed(1);
    learned.generate(request, step -> visited.add(step.timestep()));
    assertEquals(List.of(900.0, 500.0, 0.0), visited);
    assertEquals(List.of(900, 500, 0), request.timesteps().orElseThrow());
    assertTrue(request.steps(7).timesteps().isEmpty());
    assertRefused("not be empty", () -> request.timesteps(new int[0]));
    assertRefused("must fall", () -> learned.generate(request.timesteps(1, 5)));
    assertRefused("0..999", () -> learned.generate(request.timesteps(1000)));
  }

  @Test
  void otherSolversAndLatentsHaveNoDiscreteDecoder() throws Exception {
    try (var pipeline = learned(PixelDecoder.SAMPLED).open()) {
      assertRefused("ddim", () -> pipeline.generate(FIVE.scheduler(Schedulers.ddim())));
    }
    var latents = TestModels.tiny(1).pixelDecoder(PixelDecoder.MOST_LIKELY);
    assertThrows(IllegalStateException.class, latents::open);
    var decoded = learned(PixelDecoder.MOST_LIKELY).decoder(LatentDecoder.identity());
    assertThrows(IllegalStateException.class, decoded::open);
  }

  /** The variance of the configuration is that of the bound. */
  @Test
  void theConfigurationSaysTheVariance() throws Exception {
    SchedulerConfig large =
        Schedulers.fromConfig(
            Map.of("_class_name", "DDPMScheduler", "variance_type", "fixed_large"));
    try (var small = TestModels.tinyUnconditional(1).open();
        var other = TestModels.tinyUnconditional(1).scheduler(large).open()) {
      BitsPerDim asSaid = other.bitsPerDim(picture, SHORT);
      assertNotEquals(small.bitsPerDim(picture, SHORT), asSaid);
      assertEquals(small.bitsPerDim(picture, SHORT.variance(ModelVariance.FIXED_LARGE)), asSaid);
    }
  }
}
