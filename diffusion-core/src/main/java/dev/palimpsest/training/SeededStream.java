package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/**
 * Random numbers that a seed and a name or a number decide, whatever else was drawn: the weights of
 * a parameter, the noise of a batch. So the state of a run's randomness is its position alone.
 *
 * <p>SplitMix64 (Steele et al. 2014), the same numbers on every machine. One thread, one use.
 */
public final class SeededStream implements NoiseSource {
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private long state;
  private double spare = Double.NaN; // the second normal number of a pair, or NaN

  private SeededStream(long state) {
    this.state = state;
  }

  /** The stream of {@code name}. */
  public static SeededStream of(long seed, String name) {
    long hash = mix(seed + GOLDEN);
    for (int i = 0; i < name.length(); i++) {
      hash = mix(hash * GOLDEN + name.charAt(i) + 1);
    }
    return new SeededStream(hash);
  }

  /** The stream of the {@code index}-th thing called {@code name}. */
  public static SeededStream of(long seed, String name, long index) {
    return new SeededStream(mix(of(seed, name).state * GOLDEN + index));
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private long next() {
    state += GOLDEN;
    return mix(state);
  }

  /** Uniform on [0, 1), a multiple of 2⁻⁵³. */
  public double uniform() {
    return (next() >>> 11) * 0x1p-53;
  }

  /** Uniform on 0 .. {@code bound} - 1. */
  public int below(int bound) {
    checkArgument(bound > 0, "a bound must be > 0, was %s", bound);
    return (int) Math.multiplyHigh(next() >>> 1, 2L * bound);
  }

  /** True with the given probability. */
  public boolean chance(double probability) {
    return uniform() < probability;
  }

  /** The numbers 0 .. {@code count} - 1 in random order (Fisher and Yates). */
  public int[] permutation(int count) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int j = below(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** Standard normal (Box and Muller 1958). */
  public double normal() {
    if (!Double.isNaN(spare)) {
      double value = spare;
      spare = Double.NaN;
      return value;
    }
    double radius = Math.sqrt(-2 * StrictMath.log(1 - uniform()));
    double angle = 2 * Math.PI * uniform();
    spare = radius * StrictMath.sin(angle);
    return radius * StrictMath.cos(angle);
  }

  @Override
  public Tensor gaussian(Shape shape) {
    float[] values = new float[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) normal();
    }
    return Tensor.of(shape, values);
  }

  /** float32 of {@code shape}, uniform on [-bound, bound). */
  Tensor uniform(Shape shape, double bound) {
    float[] values = new float[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (bound * (2 * uniform() - 1));
    }
    return Tensor.of(shape, values);
  }
}
