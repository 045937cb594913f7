package dev.palimpsest.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import org.junit.jupiter.api.Test;

class LatentDistributionTest {
  private static final Tensor PARAMETERS =
      Tensor.of(Shape.of(2, 2, 1, 2), 1f, 2, 0, 2, 3, 4, -100, 100);

  @Test
  void splitsEachPicturesParameters() {
    var latents = LatentDistribution.of(PARAMETERS);
    assertEquals(Shape.of(2, 1, 1, 2), latents.mode().shape());
    assertArrayEquals(new float[] {1, 2, 3, 4}, latents.mean().floats());
    assertArrayEquals(new float[] {0, 2, -30, 20}, latents.logVariance().floats());
    assertArrayEquals(
        new float[] {1, 2.7182817f, 3.0590232e-7f, 22026.465f}, latents.std().floats(), 1e-6f);
  }

  @Test
  void drawsMeanPlusDeviationTimesNoise() {
    Tensor noise = Tensor.of(Shape.of(2, 1, 1, 2), 1f, -1, 0, 0);
    assertArrayEquals(
        new float[] {2, -0.71828175f, 3, 4},
        LatentDistribution.of(PARAMETERS).sample(noise).floats(),
        1e-6f);
  }

  @Test
  void refusesNoiseOfAnotherShape() {
    Tensor noise = Tensor.zeros(Shape.of(1, 1, 1, 2));
    assertThrows(
        IllegalArgumentException.class, () -> LatentDistribution.of(PARAMETERS).sample(noise));
  }

  @Test
  void refusesAnOddNumberOfChannels() {
    Tensor odd = Tensor.zeros(Shape.of(1, 3, 2, 2));
    assertThrows(IllegalArgumentException.class, () -> LatentDistribution.of(odd));
    Tensor matrix = Tensor.zeros(Shape.of(2, 2));
    assertThrows(IllegalArgumentException.class, () -> LatentDistribution.of(matrix));
  }
}
