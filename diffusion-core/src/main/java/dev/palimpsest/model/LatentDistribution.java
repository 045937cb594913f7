package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;

/**
 * The normal distribution with independent components that an encoder gives for each picture
 * (Kingma and Welling 2013). Immutable. Reference: diffusers models/autoencoders/vae.py,
 * DiagonalGaussianDistribution.
 *
 * @param mean float32 [batch, channels, height, width]
 * @param logVariance the same shape, within [-30, 20]
 */
public record LatentDistribution(Tensor mean, Tensor logVariance) {
  private static final float LEAST = -30;
  private static final float MOST = 20;

  public LatentDistribution {
    checkArgument(
        mean.shape().equals(logVariance.shape()),
        "mean %s and logVariance %s differ in shape",
        mean.shape(),
        logVariance.shape());
  }

  /**
   * @param parameters what the encoder gives: [batch, 2 · channels, height, width], means before
   *     logarithms of variances, which are clamped to [-30, 20]
   */
  public static LatentDistribution of(Tensor parameters) {
    Shape shape = parameters.shape();
    checkArgument(
        shape.rank() == 4 && shape.dim(1) % 2 == 0,
        "latent parameters must be [batch, 2 * channels, height, width], were %s",
        shape);
    Shape half = shape.withDim(1, shape.dim(1) / 2);
    float[] values = parameters.floats();
    float[] mean = new float[values.length / 2];
    float[] logVariance = new float[values.length / 2];
    int batch = Math.toIntExact(shape.dim(0));
    int row = batch == 0 ? 0 : mean.length / batch;
    for (int i = 0; i < batch; i++) {
      System.arraycopy(values, 2 * i * row, mean, i * row, row);
      System.arraycopy(values, (2 * i + 1) * row, logVariance, i * row, row);
    }
    for (int i = 0; i < logVariance.length; i++) {
      logVariance[i] = Math.max(LEAST, Math.min(MOST, logVariance[i]));
    }
    return new LatentDistribution(Tensor.of(half, mean), Tensor.of(half, logVariance));
  }

  /** The standard deviations. */
  public Tensor std() {
    float[] std = Arrays.copyOf(logVariance.floats(), (int) logVariance.elements());
    for (int i = 0; i < std.length; i++) {
      std[i] = (float) Math.exp(0.5f * std[i]);
    }
    return Tensor.of(mean.shape(), std);
  }

  /** The most likely latents: the mean. */
  public Tensor mode() {
    return mean;
  }

  /**
   * Latents drawn with the given noise.
   *
   * @param noise standard normal, of the mean's shape
   */
  public Tensor sample(Tensor noise) {
    checkArgument(
        noise.shape().equals(mean.shape()),
        "noise must be %s, was %s",
        mean.shape(),
        noise.shape());
    float[] centre = mean.floats();
    float[] std = std().floats();
    float[] z = noise.floats();
    float[] out = new float[centre.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = centre[i] + std[i] * z[i];
    }
    return Tensor.of(mean.shape(), out);
  }
}
