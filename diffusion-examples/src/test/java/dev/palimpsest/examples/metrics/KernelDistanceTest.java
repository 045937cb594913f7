package dev.palimpsest.examples.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import org.junit.jupiter.api.Test;

class KernelDistanceTest {
  @Test
  void isNumPys() {
    FeatureSet real = MetricsReference.set("real");
    FeatureSet generated = MetricsReference.set("generated");
    double ofOne = MetricsReference.read().get("kernel_distance").asDouble();
    assertEquals(ofOne, KernelDistance.of(real, generated, 1, 2).value(), 1e-12);
    double ofTwo = MetricsReference.read().get("kernel_distance_of_two_classes").asDouble();
    assertEquals(ofTwo, KernelDistance.of(real, generated, 2, 2).value(), 1e-12);
  }

  /** Two classes far apart: counted as one class, equal numbers of each pretend to be nearer. */
  @Test
  void setsBalancedInClassesAreAtZeroToo() {
    double sum = 0;
    double naive = 0;
    int tries = 100;
    for (int i = 0; i < tries; i++) {
      FeatureSet a = twoClasses(2 * i);
      FeatureSet b = twoClasses(2 * i + 1);
      sum += KernelDistance.squaredDiscrepancy(a, b, 2) / tries;
      naive += KernelDistance.squaredDiscrepancy(a, b, 1) / tries;
    }
    assertEquals(0, sum, 0.5);
    assertTrue(naive < -3, "naive " + naive);
  }

  private static FeatureSet twoClasses(long seed) {
    float[] values = new TorchGenerator(seed).randn(Shape.of(20, 4)).floats().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.3f * values[i] + (i < values.length / 2 ? 2 : -2);
    }
    return FeatureSet.of(Tensor.of(Shape.of(20, 4), values));
  }

  @Test
  void isUnbiasedAndSoBelowZeroNowAndThen() {
    FeatureSet real = MetricsReference.set("real");
    double expected = MetricsReference.read().get("kernel_distance_of_halves").asDouble();
    assertEquals(
        expected,
        KernelDistance.squaredDiscrepancy(
            real.select(0, 1, 2, 3, 4, 5, 6), real.select(7, 8, 9, 10, 11, 12, 13), 1),
        1e-12);
    double sum = 0;
    int below = 0;
    int tries = 200;
    for (int i = 0; i < tries; i++) {
      double value = KernelDistance.squaredDiscrepancy(normal(2 * i), normal(2 * i + 1), 1);
      sum += value;
      below += value < 0 ? 1 : 0;
    }
    // By NumPy, one such value deviates by 0.36, so the mean of 200 does by 0.025.
    assertEquals(0, sum / tries, 0.1);
    assertTrue(below > tries / 4 && below < tries * 3 / 4, below + " below zero");
  }

  private static FeatureSet normal(long seed) {
    return FeatureSet.of(new TorchGenerator(seed).randn(Shape.of(20, 4)));
  }

  @Test
  void blocksAreDisjointAndTellTheSpread() {
    FeatureSet a = FeatureSet.of(new TorchGenerator(1).randn(Shape.of(400, 4)));
    Tensor shifted = new TorchGenerator(2).randn(Shape.of(400, 4));
    float[] values = shifted.floats().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] += 0.5f;
    }
    FeatureSet b = FeatureSet.of(Tensor.of(shifted.shape(), values));
    KernelDistance distance = KernelDistance.of(a, b, 1, 10);
    assertEquals(10, distance.blocks());
    assertEquals(distance.value(), distance.blockMean(), 4 * distance.standardError());
    assertTrue(distance.value() > 4 * distance.standardError(), distance.toString());
    assertEquals(distance, KernelDistance.of(a, b, 1, 10));
  }

  @Test
  void tooFewFeaturesForTheBlocks() {
    FeatureSet real = MetricsReference.set("real");
    assertThrows(IllegalArgumentException.class, () -> KernelDistance.of(real, real, 1, 8));
    assertThrows(IllegalArgumentException.class, () -> KernelDistance.of(real, real, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> KernelDistance.of(real, real, 3, 2));
  }

  @Test
  void widthsThatDiffer() {
    FeatureSet narrow = MetricsReference.rows(2, 1, 2, 3, 4, 5, 6, 7, 8);
    assertThrows(
        IllegalArgumentException.class,
        () -> KernelDistance.of(MetricsReference.set("real"), narrow, 1, 2));
  }
}
