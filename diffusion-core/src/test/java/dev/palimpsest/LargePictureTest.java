package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.image.Bilinear;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Windows, regions, two passes and the upscaling stage. */
class LargePictureTest {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a cat").steps(3).seed(5).guidanceScale(4).size(48, 32);

  private DiffusionPipeline pipeline;

  @BeforeEach
  void open() throws Exception {
    pipeline = TestModels.tiny(7).open();
  }

  @AfterEach
  void close() {
    pipeline.close();
  }

  private float[] pixels(GenerationRequest request) {
    return pipeline.generate(request).first().pixels().floats();
  }

  /** A network that looks at single pixels. */
  private static final class Pointwise implements Denoiser {
    final List<Shape> seen = new ArrayList<>();

    @Override
    public int channels() {
      return 2;
    }

    @Override
    public PredictionType predictionType() {
      return PredictionType.EPSILON;
    }

    @Override
    public Tensor predict(Tensor x, double timestep, Conditioning c, Cancellation cancellation) {
      seen.add(x.shape());
      float factor = c.get("factor").map(f -> f.floats()[0]).orElse(2f);
      float[] out = x.floats().clone();
      for (int i = 0; i < out.length; i++) {
        out[i] *= factor;
      }
      return Tensor.of(x.shape(), out);
    }
  }

  private static Tensor counting(Shape shape) {
    float[] values = new float[(int) shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 1000 / 1000f;
    }
    return Tensor.of(shape, values);
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void windowsChangeNothingForPointwiseNetworks(
      @ForAll @IntRange(min = 1, max = 40) int height,
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 2, max = 20) int side,
      @ForAll @IntRange(min = 0, max = 30) int overlap) {
    var network = new Pointwise();
    var windows = new Windows(side, side, Math.min(overlap, side - 1));
    Tensor x = counting(Shape.of(2, 2, height, width));
    Denoiser cut = WindowedDenoiser.of(network, windows, List.of(), x.shape());
    Tensor out = cut.predict(x, 1, Conditioning.none(), new Cancellation());
    Tensor whole = network.predict(x, 1, Conditioning.none(), new Cancellation());
    assertArrayEquals(whole.floats(), out.floats(), 1e-5f);
    assertTrue(network.seen.stream().limit(1).allMatch(s -> s.dim(2) <= side && s.dim(3) <= side));
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void windowsOverlapByAsMuchAsAskedAtLeast(
      @ForAll @IntRange(min = 1, max = 300) int length,
      @ForAll @IntRange(min = 2, max = 64) int side,
      @ForAll @IntRange(min = 0, max = 63) int overlap) {
    int shared = Math.min(overlap, side - 1);
    List<Area> areas = new Windows(side, side, shared).over(1, length);
    assertEquals(0, areas.get(0).x());
    assertEquals(length, areas.get(areas.size() - 1).x() + areas.get(areas.size() - 1).width());
    for (int i = 1; i < areas.size(); i++) {
      int meet = areas.get(i - 1).x() + areas.get(i - 1).width() - areas.get(i).x();
      assertTrue(meet >= shared, areas::toString);
    }
  }

  @Test
  void aRegionsPromptHoldsInsideAndTheOtherOneElsewhere() {
    float[] mask = new float[8 * 8];
    Arrays.fill(mask, 0, 32, 1);
    Conditioning three = Conditioning.none().with("factor", Tensor.of(Shape.of(1), 3f));
    var upper = new WindowedDenoiser.Layer(three, Tensor.of(Shape.of(1, 1, 8, 8), mask));
    float[] ones = new float[2 * 64];
    Arrays.fill(ones, 1);
    Tensor x = Tensor.of(Shape.of(1, 2, 8, 8), ones);
    float[] out =
        WindowedDenoiser.of(new Pointwise(), new Windows(4, 4, 2), List.of(upper), x.shape())
            .predict(x, 1, Conditioning.none(), new Cancellation())
            .floats();
    for (int i = 0; i < out.length; i++) {
      assertEquals(i % 64 < 32 ? 3 : 2, out[i], 1e-5f);
    }
  }

  @Test
  void aWindowAsLargeAsThePictureChangesNothing() {
    assertArrayEquals(pixels(CAT), pixels(CAT.windows(Windows.of(48))));
  }

  @Test
  void everySchedulerDenoisesInWindows() {
    GenerationRequest windows = CAT.windows(Windows.of(16)).size(24, 16).steps(5);
    List<String> names = new ArrayList<>(Schedulers.names());
    names.removeIf(name -> name.startsWith("flow") || name.equals("ipndm")); // not for ε
    for (String name : names) {
      Scheduler scheduler = pipeline.scheduler().with(name).scheduler();
      assertEquals(3 * 24 * 16, pixels(windows.scheduler(scheduler)).length, name);
    }
  }

  @Test
  void aRegionWithThePromptOfTheWholeChangesNothing() {
    PromptRegion same = PromptRegion.box("a cat", new Rectangle(8, 8, 16, 16));
    assertArrayEquals(pixels(CAT), pixels(CAT.region(same)), 1e-4f);
    PromptRegion other = PromptRegion.box("a dog", new Rectangle(8, 8, 16, 16));
    assertFalse(Arrays.equals(pixels(CAT), pixels(CAT.region(other))));
  }

  @Test
  void aRegionsMaskIsResizedToThePicture() {
    var white = new BufferedImage(5, 5, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 25; i++) {
      white.setRGB(i % 5, i / 5, 0xffffff);
    }
    GenerationRequest everywhere = CAT.region(PromptRegion.mask("a dog", white));
    assertArrayEquals(pixels(CAT.prompt("a dog")), pixels(everywhere), 1e-4f);
  }

  @Test
  void hiresBeginsSmallAndEndsAtTheSizeAskedFor() {
    for (Hires hires : List.of(Hires.latents(0.7), Hires.pixels(0.7))) {
      var sizes = new ArrayList<Shape>();
      GenerationResult result =
          pipeline.generate(CAT.hires(hires).images(2), step -> sizes.add(step.latents().shape()));
      assertEquals(
          List.of(
              Shape.of(2, 4, 6, 10),
              Shape.of(2, 4, 6, 10),
              Shape.of(2, 4, 6, 10),
              Shape.of(2, 4, 16, 24),
              Shape.of(2, 4, 16, 24)),
          sizes);
      assertEquals(48, result.first().width());
      float[] alone = pixels(CAT.hires(hires));
      assertArrayEquals(alone, result.first().pixels().floats(), 1e-4f);
    }
  }

  @Test
  void hiresFromASizeOfOnesOwn() {
    var sizes = new ArrayList<Shape>();
    pipeline.generate(
        CAT.hires(Hires.latents(1).from(16, 8)), step -> sizes.add(step.latents().shape()));
    assertEquals(Shape.of(1, 4, 4, 8), sizes.get(0));
  }

  @Test
  void refusesWhatDoesNotFit() {
    var image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    for (GenerationRequest wrong :
        List.of(
            CAT.windows(new Windows(17, 16, 4)),
            CAT.region(PromptRegion.box("a dog", new Rectangle(40, 0, 16, 16))),
            CAT.hires(Hires.latents(0.5)).image(image),
            CAT.hires(Hires.latents(0.5).from(15, 16)))) {
      assertThrows(IllegalArgumentException.class, () -> pipeline.generate(wrong));
    }
    assertThrows(IllegalArgumentException.class, () -> new Windows(8, 8, 8));
    assertThrows(IllegalArgumentException.class, () -> new Windows(0, 8, 0));
    assertThrows(IllegalArgumentException.class, () -> Hires.latents(0));
    assertThrows(IllegalArgumentException.class, () -> Hires.latents(1.1));
    assertThrows(IllegalArgumentException.class, () -> Hires.latents(1).from(0, 8));
    assertThrows(IllegalArgumentException.class, () -> CAT.upscaledTo(0, 8));
    assertThrows(
        IllegalArgumentException.class, () -> PromptRegion.box("a dog", new Rectangle(0, 0)));
  }

  @Test
  void aFinishedPictureIsEnlargedByLanczosUnlessThePipelineHasAnother() throws Exception {
    BufferedImage large = pipeline.generate(CAT.upscaledTo(96, 70)).first().toBufferedImage();
    assertEquals(96, large.getWidth());
    assertEquals(70, large.getHeight());
    Upscaler white =
        (pictures, width, height, cancellation) -> {
          float[] ones = new float[3 * width * height];
          Arrays.fill(ones, 1);
          return Tensor.of(Shape.of(1, 3, height, width), ones);
        };
    try (var other = TestModels.tiny(7).upscaler(white).open()) {
      BufferedImage image = other.generate(CAT.upscaledTo(96, 70)).first().toBufferedImage();
      assertEquals(0xffffffff, image.getRGB(50, 50));
    }
  }

  @Test
  void bilinearResizingEqualsTorchs() {
    Tensor small = Tensor.of(Shape.of(1, 1, 2, 3), 0f, 1, 2, 3, 4, 5);
    float[] expected = {
      0, 0.4f, 1, 1.6f, 2, 0.75f, 1.15f, 1.75f, 2.35f, 2.75f, 2.25f, 2.65f, 3.25f, 3.85f, 4.25f, 3,
      3.4f, 4, 4.6f, 5
    };
    assertArrayEquals(expected, Bilinear.resize(small, 5, 4).floats(), 1e-6f);
  }
}
