package dev.palimpsest.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.platform.Fp16Conversions;
import java.util.function.IntFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfPrecisionTest {

  @Test
  void everyFloat16RoundTrips() {
    for (int half = 0; half < 0x10000; half++) {
      float value = HalfPrecision.fromFloat16((short) half);
      boolean nan = (half & 0x7fff) > 0x7c00;
      assertEquals(nan, Float.isNaN(value));
      short back = HalfPrecision.toFloat16(value);
      // A signalling NaN comes back quiet.
      assertEquals((short) (nan ? half | 0x200 : half), back);
    }
  }

  @Test
  void everyBfloat16RoundTrips() {
    for (int half = 0; half < 0x10000; half++) {
      float value = HalfPrecision.fromBfloat16((short) half);
      boolean nan = (half & 0x7fff) > 0x7f80;
      assertEquals(nan, Float.isNaN(value));
      assertEquals((short) (nan ? half | 0x40 : half), HalfPrecision.toBfloat16(value));
    }
  }

  @Test
  void everyHalfWidensAsOnnxRuntimeDoes() {
    for (int half = 0; half < 0x10000; half++) {
      assertEquals(
          Fp16Conversions.mlasFp16ToFloat((short) half), HalfPrecision.fromFloat16((short) half));
      assertEquals(
          Fp16Conversions.bf16ToFloat((short) half), HalfPrecision.fromBfloat16((short) half));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "65504, 0x7bff", // the largest
    "65519.996, 0x7bff",
    "65520, 0x7c00", // halfway to 65536: to even, infinity
    "-65520, 0xfc00",
    "1.00048828125, 0x3c00", // ties to even, down
    "1.00146484375, 0x3c02", // ties to even, up
    "6.103515625e-5, 0x0400", // the smallest normal
    "5.9604645e-8, 0x0001", // the smallest subnormal
    "2.9802322e-8, 0x0000", // half of it
    "2.980233e-8, 0x0001",
    "-0.0, 0x8000",
    "Infinity, 0x7c00",
  })
  void narrowsToFloat16(float value, String bits) {
    assertEquals((short) (int) Integer.decode(bits), HalfPrecision.toFloat16(value));
  }

  @ParameterizedTest
  @CsvSource({
    "1.00390625, 0x3f80", // ties to even, down
    "1.01171875, 0x3f82", // ties to even, up
    "3.4028235e38, 0x7f80", // rounds to infinity
    "-Infinity, 0xff80",
    "-0.0, 0x8000",
  })
  void narrowsToBfloat16(float value, String bits) {
    assertEquals((short) (int) Integer.decode(bits), HalfPrecision.toBfloat16(value));
  }

  @Property(tries = 2000)
  void narrowingRoundsToNearestEven(@ForAll int bits) {
    checkRounding(bits);
  }

  @Tag("slow")
  @Property(tries = 100_000)
  void narrowingRoundsToNearestEvenOften(@ForAll int bits) {
    checkRounding(bits);
  }

  private static void checkRounding(int bits) {
    float value = Float.intBitsToFloat(bits);
    short half = HalfPrecision.toFloat16(value);
    short brain = HalfPrecision.toBfloat16(value);
    if (Float.isNaN(value)) {
      assertTrue(Float.isNaN(HalfPrecision.fromFloat16(half)));
      assertTrue(Float.isNaN(HalfPrecision.fromBfloat16(brain)));
      return;
    }
    checkNearest(value, half, 0x7c00, h -> HalfPrecision.fromFloat16((short) h), 65536);
    checkNearest(value, brain, 0x7f80, h -> HalfPrecision.fromBfloat16((short) h), 0x1p128);
    assertEquals(Fp16Conversions.floatToBf16(value), brain);
    assertEquals(Fp16Conversions.mlasFloatToFp16(value), half);
  }

  /** That neither neighbour of the result is nearer, and that of two equally near it is even. */
  private static void checkNearest(
      float value, short got, int infinity, IntFunction<Float> widen, double beyond) {
    int magnitude = got & 0x7fff;
    assertEquals(Math.copySign(1, value), Math.copySign(1, widen.apply(got & 0xffff)));
    if (Math.abs((double) value) >= beyond) {
      assertEquals(infinity, magnitude);
      return;
    }
    double error = Math.abs(grid(magnitude, infinity, widen, beyond) - Math.abs((double) value));
    for (int other : new int[] {magnitude - 1, magnitude + 1}) {
      if (other >= 0 && other <= infinity) {
        double otherError =
            Math.abs(grid(other, infinity, widen, beyond) - Math.abs((double) value));
        assertTrue(error < otherError || (error == otherError && magnitude % 2 == 0));
      }
    }
  }

  /** The value of a magnitude, infinity taken as the power of two that would follow. */
  private static double grid(int magnitude, int infinity, IntFunction<Float> widen, double beyond) {
    return magnitude == infinity ? beyond : widen.apply(magnitude);
  }
}
