package dev.palimpsest.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.GoldenArrays;

/** Stored numbers of the reference, and the comparison with them. */
final class Numbers {
  private Numbers() {}

  static Safetensors golden(String name) {
    try {
      return Safetensors.read(GoldenArrays.file("training", name + ".safetensors"));
    } catch (CheckpointException e) {
      throw new AssertionError(e);
    }
  }

  /** Differences are relative to the largest expected number. */
  static void assertClose(float[] expected, float[] actual, double tolerance, String what) {
    assertEquals(expected.length, actual.length, what);
    double largest = 1e-30;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], tolerance * largest, what + " at " + i);
    }
  }
}
