package dev.palimpsest.scheduler;

/**
 * The float32 square root of the arrays that noise schedules are held to: torch's on x86 processors
 * by AMD, which is off in the last place for one number in six. Two Goldschmidt iterations from the
 * processor's 12-bit estimate of the reciprocal root.
 *
 * <p>That last place is all there is to sigmas at the noisy end of a schedule of zero terminal SNR,
 * and to the timesteps of ancestral midpoints, where nearly equal numbers are subtracted. The exact
 * root differs by less than the reference does between makers of processors.
 */
final class ReferenceRoot {
  private static final int ESTIMATE_ONE = 1 << 13;

  /** What an estimate has above its formula at the start of each 256th of an octave, bit by bit. */
  private static final int[] STARTS = {
    0x8080, 0xa7e4, 0xece2, 0xfc42, 0xcf84, 0xfbbe, 0xd567, 0x6006,
    0xffff, 0xeffc, 0x6aad, 0xffff, 0x5b38, 0xff7f, 0xff7e, 0xdce3,
    0xade6, 0xee06, 0x7fc9, 0xdf56, 0xecff, 0xf7ff, 0xb77f, 0xefbf,
    0x8ffc, 0x569b, 0xfbef, 0xffff, 0xd99e, 0xd55a, 0xeedb, 0xff7e
  };

  /** Where estimates fall by one within a 256th, the same for all 256ths in a 16th of an octave. */
  private static final int[] FALLS = {
    0x7f7f, 0x77f7, 0x5f7b, 0x5ddb, 0x5b76, 0x6d6d, 0x5b56, 0x356a,
    0x5555, 0x2aaa, 0x552a, 0x4aa5, 0x2a52, 0x494a, 0x4a52, 0x24a4,
    0x5b6d, 0x36d6, 0x2b56, 0x5556, 0x2aaa, 0x4aa9, 0x254a, 0x294a,
    0x1494, 0x2492, 0x2492, 0x2249, 0x1224, 0x1224, 0x2222, 0x2222
  };

  private ReferenceRoot() {}

  /** The root of a number that is not negative; 0 and infinity are their own. */
  static float of(float value) {
    if (!(value >= Float.MIN_NORMAL && value < Float.POSITIVE_INFINITY)) {
      return (float) Math.sqrt(value);
    }
    int half = Math.floorDiv(Math.getExponent(value), 2);
    float x = Math.scalb(value, -2 * half); // in [1, 4)
    float r = reciprocal(x);
    float root = x * r;
    root += root * (0.5f - 0.5f * root * r);
    root += (x - root * root) * (0.5f / root);
    return Math.scalb(root, half);
  }

  /** The processor's estimate of 1 / sqrt(x) for x in [1, 4): a sum of two tables. */
  private static float reciprocal(float x) {
    int bits = Float.floatToRawIntBits(x);
    int octave = Math.getExponent(x);
    int row = 16 * octave + (bits >> 19 & 15);
    int column = bits >> 15 & 15;
    double start = Math.scalb(1 + (bits >> 15 & 255) / 256.0, octave);
    int above = STARTS[row] >> column & 1;
    int fallen = Integer.bitCount(FALLS[row] & (1 << (bits >> 11 & 15)) - 1);
    double estimate = Math.floor(ESTIMATE_ONE / Math.sqrt(start) - 0.4) + above - fallen;
    return (float) (estimate / ESTIMATE_ONE);
  }
}
