package dev.palimpsest.scheduler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ReferenceRootTest {
  private static final int OCTAVES = 1 << 24;

  /** Every 16th number of [1, 4): the checksum of torch 2.15's roots, and how many are inexact. */
  @Test
  void rootsAreTorchs() {
    ByteBuffer roots = ByteBuffer.allocate(OCTAVES / 16 * 4).order(ByteOrder.LITTLE_ENDIAN);
    int inexact = 0;
    for (int i = 0; i < OCTAVES; i += 16) {
      float x = Float.intBitsToFloat((127 << 23) + i);
      float root = ReferenceRoot.of(x);
      inexact += root == (float) Math.sqrt(x) ? 0 : 1;
      roots.putFloat(root);
    }
    var checksum = new CRC32();
    checksum.update(roots.array());
    assertEquals(0xf4c278c3L, checksum.getValue());
    assertEquals(179_659, inexact);
  }

  @Test
  void otherMagnitudes() {
    float[] numbers = {3e-38f, 1e-30f, 7e-9f, 0.3f, 123, 1e20f, 3e38f};
    int[] bits = new int[numbers.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(ReferenceRoot.of(numbers[i]));
    }
    assertArrayEquals(
        new int[] {
          0x204c7c06, 0x26901d7d, 0x38af75d8, 0x3f0c378c, 0x413172d6, 0x501502f9, 0x5f705ecf
        },
        bits);
  }

  @Test
  void endsOfTheRange() {
    assertEquals(0, ReferenceRoot.of(0));
    assertEquals(Float.POSITIVE_INFINITY, ReferenceRoot.of(Float.POSITIVE_INFINITY));
    assertEquals(Float.NaN, ReferenceRoot.of(Float.NaN));
    assertEquals(Float.NaN, ReferenceRoot.of(-1));
    assertEquals((float) Math.sqrt(1e-40f), ReferenceRoot.of(1e-40f));
  }

  @Property
  void rootIsWithinOnePlaceOfTheExactOne(
      @ForAll @IntRange(min = 0x00800000, max = 0x7f7fffff) int bits) {
    float x = Float.intBitsToFloat(bits);
    float exact = (float) Math.sqrt(x);
    assertEquals(exact, ReferenceRoot.of(x), Math.ulp(exact));
  }
}
