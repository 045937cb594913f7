package dev.palimpsest.scheduler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** That what goes in one pass has the bits of what goes operation by operation. */
class LinearTest {
  private static final int SIZE = 5003; // two blocks and a part
  private final float[] x = gaussian(1);
  private final float[] y = gaussian(2);
  private final float[] z = gaussian(3);

  @Test
  void sum() {
    double[] weights = {0.3, -1.7, 2.1};
    float[] expected = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      expected[i] = 0.3f * x[i];
      expected[i] += -1.7f * y[i];
      expected[i] += 2.1f * z[i];
    }
    assertArrayEquals(expected, Linear.sum(weights, List.of(x, y, z)));
  }

  @Test
  void sumOfFewerWeightsThanValues() {
    float[] first = Linear.combine(1, x, 0, y);
    assertArrayEquals(first, Linear.sum(new double[] {1}, List.of(x, y)));
  }

  @Test
  void along() {
    float[] slope = Linear.derivative(x, y, 0.7f);
    assertArrayEquals(Linear.combine(1, z, -0.4f, slope), Linear.along(z, -0.4f, x, y, 0.7f));
  }

  @Test
  void mix() {
    float[] mixed = x.clone();
    Linear.mix(0.3f, mixed, -0.9f, y);
    assertArrayEquals(Linear.combine(0.3f, x, -0.9f, y), mixed);
  }

  private static float[] gaussian(long seed) {
    return NoiseSource.torch(seed).gaussian(Shape.of(SIZE)).floats();
  }
}
