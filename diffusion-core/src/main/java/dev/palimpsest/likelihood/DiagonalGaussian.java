package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;

/** Independent normal distributions, one an element of a tensor. Float64. Immutable. */
public final class DiagonalGaussian {
  private static final double LOG_2_PI = Math.log(2 * Math.PI);

  private final Shape shape;
  private final double[] mean;
  private final double[] logVariance;

  private DiagonalGaussian(Shape shape, double[] mean, double[] logVariance) {
    this.shape = shape;
    this.mean = mean;
    this.logVariance = logVariance;
  }

  /**
   * @param logVariance the natural logarithms of the variances, of the mean's shape
   */
  public static DiagonalGaussian of(Tensor mean, Tensor logVariance) {
    checkShape(mean.shape(), "log variances", logVariance);
    return new DiagonalGaussian(mean.shape(), mean.doubles(), logVariance.doubles());
  }

  /** Arrays that are handed over. */
  static DiagonalGaussian of(Shape shape, double[] mean, double[] logVariance) {
    return new DiagonalGaussian(shape, mean, logVariance);
  }

  static DiagonalGaussian of(Shape shape, double[] mean, double logVariance) {
    double[] all = new double[mean.length];
    Arrays.fill(all, logVariance);
    return new DiagonalGaussian(shape, mean, all);
  }

  /** Of mean 0 and variance 1. */
  public static DiagonalGaussian standard(Shape shape) {
    return of(shape, new double[Math.toIntExact(shape.elements())], 0);
  }

  public Shape shape() {
    return shape;
  }

  /** A new float64 tensor. */
  public Tensor mean() {
    return Tensor.of(shape, mean);
  }

  /** A new float64 tensor. */
  public Tensor logVariance() {
    return Tensor.of(shape, logVariance);
  }

  double mean(int i) {
    return mean[i];
  }

  double logVariance(int i) {
    return logVariance[i];
  }

  double deviation(int i) {
    return Math.exp(0.5 * logVariance[i]);
  }

  /**
   * The Kullback-Leibler divergence KL(this ‖ other), nats an element: float64 of this shape.
   *
   * <p>Source: improved-diffusion's {@code losses.py}, {@code normal_kl}.
   */
  public Tensor kl(DiagonalGaussian other) {
    checkArgument(
        shape.equals(other.shape), "distributions of shapes %s and %s differ", shape, other.shape);
    double[] kl = new double[mean.length];
    for (int i = 0; i < kl.length; i++) {
      double difference = mean[i] - other.mean[i];
      double logRatio = logVariance[i] - other.logVariance[i];
      // expm1(r) - r is exp(r) - 1 - r without the loss of digits where the two are close.
      kl[i] =
          0.5
              * (Math.expm1(logRatio)
                  - logRatio
                  + difference * difference * Math.exp(-other.logVariance[i]));
    }
    return Tensor.of(shape, kl);
  }

  /** The logarithm of the density at x, nats an element: float64 of this shape. */
  public Tensor logDensity(Tensor x) {
    checkShape(shape, "values", x);
    double[] log = x.doubles();
    for (int i = 0; i < log.length; i++) {
      double difference = log[i] - mean[i];
      log[i] =
          -0.5 * (LOG_2_PI + logVariance[i] + difference * difference * Math.exp(-logVariance[i]));
    }
    return Tensor.of(shape, log);
  }

  /** The gradient of {@link #logDensity} by x: float64 of this shape. */
  public Tensor score(Tensor x) {
    checkShape(shape, "values", x);
    double[] score = x.doubles();
    for (int i = 0; i < score.length; i++) {
      score[i] = (mean[i] - score[i]) * Math.exp(-logVariance[i]);
    }
    return Tensor.of(shape, score);
  }

  /**
   * The sample that standard normal noise gives: float64 of this shape.
   *
   * @param noise of this shape
   */
  public Tensor sample(Tensor noise) {
    checkShape(shape, "noise", noise);
    double[] sample = noise.doubles();
    for (int i = 0; i < sample.length; i++) {
      sample[i] = mean[i] + deviation(i) * sample[i];
    }
    return Tensor.of(shape, sample);
  }

  private static void checkShape(Shape shape, String what, Tensor given) {
    checkArgument(
        given.shape().equals(shape),
        "%s of shape %s do not fit a distribution of shape %s",
        what,
        given.shape(),
        shape);
  }

  @Override
  public String toString() {
    return "DiagonalGaussian" + shape;
  }
}
