package dev.palimpsest.examples.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import org.junit.jupiter.api.Test;

class FeatureSetTest {
  @Test
  void picturesAreRowsOfAllTheirPixels() {
    FeatureSet set = FeatureSet.of(Tensor.of(Shape.of(2, 1, 1, 2), 0f, 0f, 3f, 4f));
    assertEquals(2, set.count());
    assertEquals(2, set.width());
    assertEquals(5, set.distance(0, set, 1));
    assertEquals(25, set.dot(1, set, 1));
  }

  @Test
  void aSingleVectorIsNoSet() {
    assertThrows(
        IllegalArgumentException.class, () -> FeatureSet.of(Tensor.of(Shape.of(2), 1f, 2f)));
  }

  @Test
  void noPictures() {
    assertThrows(IllegalArgumentException.class, () -> FeatureSet.of(Tensor.zeros(Shape.of(0, 4))));
  }
}
