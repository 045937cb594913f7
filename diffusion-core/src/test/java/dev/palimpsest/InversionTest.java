package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.image.PictureError;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InversionTest {
  private static final GenerationRequest CAT =
      GenerationRequest.of("a cat").steps(10).guidanceScale(1);

  @SuppressWarnings("NullAway.Init")
  private DiffusionPipeline pipeline;

  @SuppressWarnings("NullAway.Init")
  private BufferedImage picture;

  @BeforeAll
  void open() throws Exception {
    pipeline = TestModels.tiny(7).open();
    picture = pipeline.generate(CAT.seed(3)).first().toBufferedImage();
  }

  @AfterAll
  void close() {
    pipeline.close();
  }

  @Test
  void theWayBackIsNearerWithMoreSteps() throws Exception {
    try (var smooth = TestModels.tiny(7).denoiser(new Third()).open()) {
      double few = reconstruct(smooth, CAT.image(picture).steps(20)).latents();
      double many = reconstruct(smooth, CAT.image(picture).steps(160)).latents();
      assertTrue(many < few / 6, many + " after " + few);
      assertTrue(many < 0.02, "" + many);
    }
  }

  @Test
  void theRequestMakesTheReconstruction() {
    Inversion inversion = pipeline.invert(CAT.image(picture).seed(1));
    Inversion again = pipeline.invert(CAT.image(picture).seed(2));
    assertArrayEquals(inversion.latents().floats(), again.latents().floats());
    assertEquals("[1, 3, 16, 16]", inversion.pixels().shape().toString());
    assertEquals(inversion.encoded().shape(), inversion.latents().shape());
    assertTrue(inversion.request().image().isEmpty());
    GeneratedImage image = pipeline.generate(inversion.request()).first();
    Reconstruction reconstruction = reconstruct(pipeline, CAT.image(picture));
    assertArrayEquals(image.pixels().floats(), reconstruction.image().pixels().floats());
    assertEquals(PictureError.of(inversion.pixels(), image.pixels()), reconstruction.total());
    assertTrue(
        reconstruction.total().rootMeanSquare()
            <= reconstruction.autoencoder().rootMeanSquare()
                + reconstruction.solver().rootMeanSquare());
  }

  @Test
  void aLargerPictureIsResized() {
    Inversion inversion = pipeline.invert(CAT.image(picture).size(32, 16));
    assertEquals("[1, 3, 16, 32]", inversion.pixels().shape().toString());
    GeneratedImage image = pipeline.generate(inversion.request()).first();
    assertEquals(32, image.width());
  }

  @Test
  void whatDoesNotFitIsNamed() {
    refused(CAT, "picture");
    refused(CAT.image(picture).mask(picture), "mask");
    refused(CAT.image(picture).strength(0.5), "strength");
    refused(CAT.image(picture).images(2), "2");
    refused(CAT.image(picture).timesteps(900, 100), "timesteps");
    refused(CAT.image(picture).latents(pipeline.invert(CAT.image(picture)).latents()), "latents");
  }

  @Test
  void aListenerSeesEachStepAndMayCancel() {
    int[] seen = {0};
    pipeline.invert(CAT.image(picture), step -> seen[0]++, new Cancellation());
    assertEquals(10, seen[0]);
    assertThrows(
        CancelledException.class,
        () -> pipeline.invert(CAT.image(picture), GenerationStep::cancel, new Cancellation()));
  }

  @Test
  void errorsOfPictures() {
    var black = pipeline.invert(CAT.image(picture)).pixels();
    PictureError none = PictureError.of(black, black);
    assertEquals(0, none.rootMeanSquare());
    assertEquals(Double.POSITIVE_INFINITY, none.psnr());
    assertEquals(20, new PictureError(0.1, 0.5).psnr(), 1e-12);
    assertThrows(IllegalArgumentException.class, () -> PictureError.of(black, black.rows(0, 0)));
  }

  private static Reconstruction reconstruct(DiffusionPipeline pipeline, GenerationRequest request) {
    return pipeline.reconstruct(
        pipeline.invert(request), GenerationListener.NONE, new Cancellation());
  }

  /** Predicts a third of what it gets as noise. */
  private record Third() implements Denoiser {
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
      float[] third = x.floats().clone();
      for (int i = 0; i < third.length; i++) {
        third[i] /= 3;
      }
      return Tensor.of(x.shape(), third);
    }
  }

  private void refused(GenerationRequest request, String part) {
    var failure = assertThrows(IllegalArgumentException.class, () -> pipeline.invert(request));
    assertTrue(String.valueOf(failure.getMessage()).contains(part), failure::toString);
  }
}
