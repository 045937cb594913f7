package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.Conditioning;
import dev.palimpsest.Denoiser;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CustomDenoiserTest {
  private static final List<Tensor> SHAPES = CustomDenoiser.shapes();

  @Test
  void everySeedEndsAtOneOfThePictures() throws IOException {
    var ends = new HashSet<Integer>();
    try (DiffusionPipeline pipeline = open(new CustomDenoiser(SHAPES, CustomDenoiser.schedule()))) {
      var request = GenerationRequest.unconditional().steps(20).images(16).seed(1);
      for (GeneratedImage image : pipeline.generate(request).images()) {
        assertEquals(64, image.width());
        ends.add(nearest(image.pixels()));
      }
    }
    assertEquals(Set.of(0, 1, 2, 3), ends);
  }

  @Test
  void anOutputOfAnotherShapeIsAnError() throws IOException {
    Denoiser half =
        new Denoiser() {
          @Override
          public int channels() {
            return 3;
          }

          @Override
          public PredictionType predictionType() {
            return PredictionType.EPSILON;
          }

          @Override
          public Tensor predict(
              Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation) {
            return Tensor.zeros(Shape.of(1, 3, 8, 4));
          }
        };
    try (DiffusionPipeline pipeline = open(half)) {
      IllegalStateException error =
          assertThrows(
              IllegalStateException.class,
              () -> pipeline.generate(GenerationRequest.unconditional().steps(2).seed(1)));
      String message = String.valueOf(error.getMessage());
      assertTrue(message.contains("[1, 3, 8, 4]") && message.contains("[1, 3, 8, 8]"), message);
    }
  }

  private static DiffusionPipeline open(Denoiser denoiser) throws IOException {
    return DiffusionPipeline.builder(CustomDenoiser.checkpoint())
        .denoiser(denoiser)
        .decoder(CustomDenoiser.magnifier())
        .open();
  }

  /** The picture that this is, within 1/255; fails if none. */
  private static int nearest(Tensor pixels) {
    float[] got = pixels.floats();
    for (int k = 0; k < SHAPES.size(); k++) {
      float[] want = SHAPES.get(k).floats();
      double largest = 0;
      for (int i = 0; i < got.length; i++) {
        int at = i / 4096 * 64 + i % 4096 / 64 / 8 * 8 + i % 64 / 8;
        largest = Math.max(largest, Math.abs(got[i] - (want[at] + 1) / 2));
      }
      if (largest < 1 / 255.0) {
        return k;
      }
    }
    throw new AssertionError("none of the pictures: " + pixels);
  }
}
