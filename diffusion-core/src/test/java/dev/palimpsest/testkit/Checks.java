package dev.palimpsest.testkit;

import static com.google.common.base.Strings.lenientFormat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.palimpsest.tensor.Tensor;
import java.util.Locale;

/** What the properties assert; a message says which value of which state is wrong. */
final class Checks {
  private Checks() {}

  static void assertMultiple(Tensor state, Tensor scaled, int i) {
    float[] x = state.floats();
    float[] y = scaled.floats();
    double xy = 0;
    double xx = 0;
    for (int j = 0; j < x.length; j++) {
      xy += (double) x[j] * y[j];
      xx += (double) x[j] * x[j];
    }
    assertClose(
        scaled((float) (xy / xx), x),
        y,
        1e-4,
        "what step " + i + " calls the network with first, against a multiple of its state");
  }

  static void assertSame(Tensor expected, Tensor actual, String what) {
    assertClose(expected.floats(), actual.floats(), 0, what);
  }

  /**
   * @param tolerance as a share of the largest expected value
   */
  static void assertClose(float[] expected, float[] actual, double tolerance, String what) {
    assertEquals(expected.length, actual.length, "elements of " + what);
    float largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int j = 0; j < expected.length; j++) {
      check(
          Math.abs(expected[j] - actual[j]) <= tolerance * largest,
          "%s: element %s is %s, must be %s",
          what,
          j,
          actual[j],
          expected[j]);
    }
  }

  static String round(double value) {
    return String.format(Locale.ROOT, "%.3g", value);
  }

  static void check(boolean holds, String message, Object... values) {
    if (!holds) {
      fail(lenientFormat(message, values));
    }
  }

  private static float[] scaled(float factor, float[] values) {
    float[] out = values.clone();
    for (int i = 0; i < out.length; i++) {
      out[i] *= factor;
    }
    return out;
  }
}
