package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * The forward process q of steps t = 0 .. {@link #steps()} − 1 and what follows from it in closed
 * form: q(x_t | x_0) and the posterior q(x_{t−1} | x_t, x_0). Step 0 leads from the picture to the
 * first noisy state.
 *
 * <p>Source: Ho et al. 2020, formulas 2, 4, 6 and 7; the numbers are those of improved-diffusion's
 * {@code gaussian_diffusion.py}. Float64. Immutable.
 */
public final class GaussianDiffusion {
  private final double[] betas;
  private final int[] timesteps;
  private final double[] alphasCumprod;

  private GaussianDiffusion(double[] betas, int[] timesteps) {
    checkArgument(betas.length > 0, "a diffusion process needs at least one beta");
    for (double beta : betas) {
      checkArgument(beta > 0 && beta <= 1, "a beta must be in (0, 1], was %s", beta);
    }
    this.betas = betas;
    this.timesteps = timesteps;
    this.alphasCumprod = new double[betas.length];
    double product = 1;
    for (int t = 0; t < betas.length; t++) {
      product *= 1 - betas[t];
      alphasCumprod[t] = product;
    }
  }

  /** The process with these betas, each in (0, 1]. */
  public static GaussianDiffusion ofBetas(double... betas) {
    return new GaussianDiffusion(betas.clone(), count(betas.length));
  }

  /** The process that a network was trained on: the float32 betas as they are. */
  public static GaussianDiffusion of(NoiseSchedule schedule) {
    float[] floats = schedule.betas();
    double[] betas = new double[floats.length];
    for (int t = 0; t < betas.length; t++) {
      betas[t] = floats[t];
    }
    return ofBetas(betas);
  }

  /**
   * Betas evenly from 0.0001 to 0.02 for 1000 steps, and as much more for fewer (Ho et al. 2020).
   */
  public static GaussianDiffusion linear(int steps) {
    checkArgument(steps > 0, "a diffusion process needs at least one step, got %s", steps);
    double start = 1000.0 / steps * 0.0001;
    double end = 1000.0 / steps * 0.02;
    double[] betas = new double[steps];
    for (int t = 0; t < steps; t++) {
      betas[t] = steps == 1 ? start : start + t * ((end - start) / (steps - 1));
    }
    return ofBetas(betas);
  }

  /** ᾱ along a squared cosine (Nichol and Dhariwal 2021, formula 17), betas at most 0.999. */
  public static GaussianDiffusion cosine(int steps) {
    checkArgument(steps > 0, "a diffusion process needs at least one step, got %s", steps);
    DoubleUnaryOperator alphaBar = at -> Math.pow(Math.cos((at + 0.008) / 1.008 * Math.PI / 2), 2);
    double[] betas = new double[steps];
    for (int t = 0; t < steps; t++) {
      double from = alphaBar.applyAsDouble((double) t / steps);
      double to = alphaBar.applyAsDouble((double) (t + 1) / steps);
      betas[t] = Math.min(1 - to / from, 0.999);
    }
    return ofBetas(betas);
  }

  /**
   * The process that visits only some steps of this one, with the ᾱ that they have here.
   *
   * @throws IllegalArgumentException if one of them is not a step of this process
   */
  public GaussianDiffusion respaced(Respacing respacing) {
    List<Integer> kept = respacing.timesteps();
    double[] keptBetas = new double[kept.size()];
    int[] keptTimesteps = new int[kept.size()];
    double previous = 1;
    for (int i = 0; i < keptBetas.length; i++) {
      int t = kept.get(i);
      checkArgument(
          t < steps(), "timestep %s is not in 0..%s of the process to respace", t, steps() - 1);
      keptBetas[i] = 1 - alphasCumprod[t] / previous;
      keptTimesteps[i] = timesteps[t];
      previous = alphasCumprod[t];
    }
    return new GaussianDiffusion(keptBetas, keptTimesteps);
  }

  private static int[] count(int steps) {
    int[] timesteps = new int[steps];
    Arrays.setAll(timesteps, t -> t);
    return timesteps;
  }

  /** T. */
  public int steps() {
    return betas.length;
  }

  /** What a network calls step t: the training timestep. Other than t after respacing only. */
  public int timestep(int t) {
    return timesteps[check(t)];
  }

  /** β_t, the variance that step t adds. */
  public double beta(int t) {
    return betas[check(t)];
  }

  /** ᾱ_t, the product of 1 − β up to step t. */
  public double alphaCumprod(int t) {
    return alphasCumprod[check(t)];
  }

  /** ᾱ_{t−1}, which is 1 for step 0. */
  public double alphaCumprodPrevious(int t) {
    return check(t) == 0 ? 1 : alphasCumprod[t - 1];
  }

  /** β̃_t, the variance of the posterior q(x_{t−1} | x_t, x_0); 0 for step 0. */
  public double posteriorVariance(int t) {
    return beta(t) * (1 - alphaCumprodPrevious(t)) / (1 - alphaCumprod(t));
  }

  /**
   * log β̃_t, where step 0, whose logarithm is infinite, has that of step 1. The only step of a
   * process of one has log β_0.
   */
  public double posteriorLogVariance(int t) {
    check(t);
    return steps() == 1 ? Math.log(beta(0)) : Math.log(posteriorVariance(Math.max(t, 1)));
  }

  /** The weight of x_0 in the posterior's mean. */
  public double posteriorMeanOfClean(int t) {
    return beta(t) * Math.sqrt(alphaCumprodPrevious(t)) / (1 - alphaCumprod(t));
  }

  /** The weight of x_t in the posterior's mean. */
  public double posteriorMeanOfNoisy(int t) {
    return (1 - alphaCumprodPrevious(t)) * Math.sqrt(1 - beta(t)) / (1 - alphaCumprod(t));
  }

  /** q(x_t | x_0): mean sqrt(ᾱ_t) x_0, variance 1 − ᾱ_t. */
  public DiagonalGaussian marginal(Tensor x0, int t) {
    double[] mean = x0.doubles();
    scale(mean, Math.sqrt(alphaCumprod(t)));
    return DiagonalGaussian.of(x0.shape(), mean, Math.log(1 - alphaCumprod(t)));
  }

  /**
   * The sample x_t = sqrt(ᾱ_t) x_0 + sqrt(1 − ᾱ_t) ε of q(x_t | x_0).
   *
   * @param noise ε, standard normal, of x_0's shape
   * @return float64 of x_0's shape
   */
  public Tensor sample(Tensor x0, Tensor noise, int t) {
    double alpha = Math.sqrt(alphaCumprod(t));
    double sigma = Math.sqrt(1 - alphaCumprod(t));
    return Tensor.of(x0.shape(), combine(alpha, x0, sigma, noise));
  }

  /**
   * q(x_{t−1} | x_t, x_0), with the variance of step 1 for step 0; see {@link
   * #posteriorLogVariance}.
   */
  public DiagonalGaussian posterior(Tensor x0, Tensor xt, int t) {
    double[] mean = combine(posteriorMeanOfClean(t), x0, posteriorMeanOfNoisy(t), xt);
    return DiagonalGaussian.of(x0.shape(), mean, posteriorLogVariance(t));
  }

  /**
   * The score ∇ log q(x_t | x_0) = −ε / sqrt(1 − ᾱ_t) of noise, or what a network's ε estimates.
   *
   * @return float64 of the noise's shape
   */
  public Tensor score(Tensor epsilon, int t) {
    double[] score = epsilon.doubles();
    scale(score, -1 / Math.sqrt(1 - alphaCumprod(t)));
    return Tensor.of(epsilon.shape(), score);
  }

  /** The noise that leads from x_0 to x_t: float64 of their shape. */
  public Tensor noise(Tensor x0, Tensor xt, int t) {
    double sigma = Math.sqrt(1 - alphaCumprod(t));
    double alpha = Math.sqrt(alphaCumprod(t));
    return Tensor.of(x0.shape(), combine(-alpha / sigma, x0, 1 / sigma, xt));
  }

  static double[] combine(double a, Tensor x, double b, Tensor y) {
    checkArgument(x.shape().equals(y.shape()), "shapes %s and %s differ", x.shape(), y.shape());
    double[] out = x.doubles();
    double[] other = y.doubles();
    for (int i = 0; i < out.length; i++) {
      out[i] = a * out[i] + b * other[i];
    }
    return out;
  }

  private static void scale(double[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
  }

  private int check(int t) {
    checkArgument(0 <= t && t < betas.length, "step %s is not in 0..%s", t, betas.length - 1);
    return t;
  }

  @Override
  public String toString() {
    return "GaussianDiffusion[" + steps() + " steps, ᾱ to " + alphasCumprod[steps() - 1] + "]";
  }
}
