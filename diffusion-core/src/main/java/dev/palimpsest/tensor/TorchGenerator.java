package dev.palimpsest.tensor;

import org.apache.commons.math3.random.MersenneTwister;

/**
 * The random numbers of torch's CPU generator: MT19937 with torch's transformations to uniform and
 * normal float32 values.
 *
 * <p>Source: aten/src/ATen/native/cpu/DistributionTemplates.h ({@code normal_fill}) and
 * aten/src/ATen/core/DistributionsHelper.h of PyTorch. One thread, one use.
 */
public final class TorchGenerator {
  private static final float TWO_PI = (float) (2 * Math.PI);

  private final MersenneTwister engine;
  private double nextNormal = Double.NaN; // the second half of a Box-Muller pair, or NaN

  /** Seeded as {@code torch.Generator("cpu").manual_seed(seed)}, which keeps the low 32 bits. */
  public TorchGenerator(long seed) {
    engine = new MersenneTwister((int) seed);
  }

  /** {@code torch.rand}: uniform on [0, 1), multiples of 2⁻²⁴. */
  public Tensor rand(Shape shape) {
    float[] out = new float[Math.toIntExact(shape.elements())];
    for (int i = 0; i < out.length; i++) {
      out[i] = uniform();
    }
    return Tensor.of(shape, out);
  }

  /**
   * {@code torch.randn}: standard normal. Fewer than 16 values are drawn in pairs in float64; 16
   * and more are drawn in blocks of 16, and a count that is no multiple of 16 draws its last 16
   * again.
   */
  public Tensor randn(Shape shape) {
    float[] out = new float[Math.toIntExact(shape.elements())];
    if (out.length < 16) {
      for (int i = 0; i < out.length; i++) {
        out[i] = (float) normal();
      }
      return Tensor.of(shape, out);
    }
    for (int i = 0; i < out.length; i++) {
      out[i] = uniform();
    }
    for (int i = 0; i + 16 <= out.length; i += 16) {
      boxMuller(out, i);
    }
    if (out.length % 16 != 0) {
      int last = out.length - 16;
      for (int i = last; i < out.length; i++) {
        out[i] = uniform();
      }
      boxMuller(out, last);
    }
    return Tensor.of(shape, out);
  }

  /** In float32, as torch: the rounding of theta alone moves a value by up to 1e-6. */
  private static void boxMuller(float[] data, int at) {
    for (int j = at; j < at + 8; j++) {
      float radius = (float) Math.sqrt(-2 * (float) Math.log(1 - data[j]));
      float theta = TWO_PI * data[j + 8];
      data[j] = radius * (float) Math.cos(theta);
      data[j + 8] = radius * (float) Math.sin(theta);
    }
  }

  private double normal() {
    if (!Double.isNaN(nextNormal)) {
      double sample = nextNormal;
      nextNormal = Double.NaN;
      return sample;
    }
    double u1 = uniform53();
    double u2 = uniform53();
    double radius = Math.sqrt(-2 * Math.log1p(-u2));
    double theta = 2 * Math.PI * u1;
    nextNormal = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }

  private float uniform() {
    return (engine.nextInt() & 0xffffff) * 0x1p-24f;
  }

  private double uniform53() {
    long high = Integer.toUnsignedLong(engine.nextInt());
    long low = Integer.toUnsignedLong(engine.nextInt());
    return (((high << 32) | low) & ((1L << 53) - 1)) * 0x1p-53;
  }
}
