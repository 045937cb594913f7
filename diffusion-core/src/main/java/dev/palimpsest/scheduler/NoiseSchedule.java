package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * The forward process of training: x_t = sqrt(ᾱ_t) x_0 + sqrt(1 - ᾱ_t) ε for the timesteps t = 0 ..
 * {@link #timesteps()} - 1.
 *
 * <p>The tables are float32, computed as diffusers computes them (its {@code scheduling_ddpm.py}).
 * Immutable.
 */
public final class NoiseSchedule {
  private static final List<String> NAMES =
      List.of("linear", "scaled_linear", "squaredcos_cap_v2", "exp", "laplace", "sigmoid");

  /** Stands for ᾱ = 0 where its sigma must be finite: the smallest positive half. */
  private static final float SMALLEST_ALPHA = 0x1p-24f;

  private final String name;
  private final float[] betas;
  private final float[] alphasCumprod;

  private NoiseSchedule(String name, float[] betas) {
    checkArgument(betas.length > 0, "a noise schedule needs at least one beta");
    this.name = name;
    this.betas = betas;
    this.alphasCumprod = cumulativeProduct(betas);
  }

  /** The schedule with the given betas, each in (0, 1]. */
  public static NoiseSchedule ofBetas(float... betas) {
    for (float beta : betas) {
      checkArgument(beta > 0 && beta <= 1, "a beta must be in (0, 1], was %s", beta);
    }
    return new NoiseSchedule("trained_betas", betas.clone());
  }

  /** Betas evenly from start to end (Ho et al. 2020). */
  public static NoiseSchedule linear(int timesteps, double start, double end) {
    return new NoiseSchedule("linear", linspace(start, end, timesteps));
  }

  /** Square roots of the betas evenly from start to end: latent diffusion's schedule. */
  public static NoiseSchedule scaledLinear(int timesteps, double start, double end) {
    float[] betas = linspace(Math.sqrt(start), Math.sqrt(end), timesteps);
    for (int i = 0; i < betas.length; i++) {
      betas[i] *= betas[i];
    }
    return new NoiseSchedule("scaled_linear", betas);
  }

  /** The cosine schedule of Nichol and Dhariwal 2021, betas capped at 0.999. */
  public static NoiseSchedule squaredCosine(int timesteps) {
    return ofAlphaBar(
        "squaredcos_cap_v2",
        timesteps,
        t -> {
          double cos = Math.cos((t + 0.008) / 1.008 * Math.PI / 2);
          return cos * cos;
        });
  }

  /**
   * The schedule of a name in configuration files.
   *
   * @param name one of linear, scaled_linear, squaredcos_cap_v2, exp, laplace, sigmoid
   * @param start the first beta, where the schedule has one
   * @param end the last beta, where the schedule has one
   * @throws UnsupportedModelException if the name is not known
   */
  public static NoiseSchedule named(String name, int timesteps, double start, double end) {
    checkArgument(timesteps > 0, "a noise schedule needs at least one timestep, got %s", timesteps);
    return switch (name) {
      case "linear" -> linear(timesteps, start, end);
      case "scaled_linear" -> scaledLinear(timesteps, start, end);
      case "squaredcos_cap_v2" -> squaredCosine(timesteps);
      case "exp" -> ofAlphaBar(name, timesteps, t -> Math.exp(t * -12.0));
      case "laplace" -> ofAlphaBar(name, timesteps, NoiseSchedule::laplaceAlphaBar);
      case "sigmoid" -> sigmoid(timesteps, start, end);
      default ->
          throw new UnsupportedModelException(
              "beta_schedule \"" + name + "\" is not known; known: " + NAMES);
    };
  }

  /**
   * This schedule rescaled so that the last timestep is pure noise (Lin et al. 2023, algorithm 1).
   */
  public NoiseSchedule zeroTerminalSnr() {
    int n = betas.length;
    float[] root = new float[n];
    for (int i = 0; i < n; i++) {
      root[i] = sqrt(alphasCumprod[i]);
    }
    float first = root[0];
    float last = root[n - 1];
    float factor = first / (first - last);
    float previous = 1;
    float[] rescaled = new float[n];
    for (int i = 0; i < n; i++) {
      float alphaBar = (root[i] - last) * factor;
      alphaBar *= alphaBar;
      rescaled[i] = 1 - alphaBar / previous;
      previous = alphaBar;
    }
    return new NoiseSchedule(name, rescaled);
  }

  /** The name in configuration files; {@code trained_betas} for given ones. */
  public String name() {
    return name;
  }

  /** The number of training timesteps. */
  public int timesteps() {
    return betas.length;
  }

  public float beta(int t) {
    return betas[checkTimestep(t)];
  }

  /** ᾱ_t, the product of 1 - beta up to t. */
  public float alphaCumprod(int t) {
    return alphasCumprod[checkTimestep(t)];
  }

  /** sqrt((1 - ᾱ_t) / ᾱ_t); infinite for the last timestep of a zero-SNR schedule. */
  public float sigma(int t) {
    float alphaBar = alphaCumprod(t);
    return sqrt((1 - alphaBar) / alphaBar);
  }

  public float[] betas() {
    return betas.clone();
  }

  public float[] alphasCumprod() {
    return alphasCumprod.clone();
  }

  /** {@link #sigma} of every timestep, rising. */
  public float[] sigmas() {
    float[] sigmas = new float[betas.length];
    for (int t = 0; t < sigmas.length; t++) {
      sigmas[t] = sigma(t);
    }
    return sigmas;
  }

  /** {@link #sigmas()} with a finite last entry, as solvers that count in sigmas need. */
  float[] finiteSigmas() {
    float[] sigmas = sigmas();
    int last = sigmas.length - 1;
    if (alphasCumprod[last] == 0) {
      sigmas[last] = sqrt((1 - SMALLEST_ALPHA) / SMALLEST_ALPHA);
    }
    return sigmas;
  }

  /**
   * sqrt(ᾱ_t) original + sqrt(1 - ᾱ_t) noise.
   *
   * @param timesteps one a row of the batch, or one for all
   */
  public Tensor addNoise(Tensor original, Tensor noise, int... timesteps) {
    return mix(original, noise, timesteps, false);
  }

  /** v = sqrt(ᾱ_t) noise - sqrt(1 - ᾱ_t) sample; {@code timesteps} as in {@link #addNoise}. */
  public Tensor velocity(Tensor sample, Tensor noise, int... timesteps) {
    return mix(sample, noise, timesteps, true);
  }

  private Tensor mix(Tensor sample, Tensor noise, int[] timesteps, boolean velocity) {
    float[] ofSample = new float[timesteps.length];
    float[] ofNoise = new float[timesteps.length];
    for (int i = 0; i < timesteps.length; i++) {
      float alphaBar = alphaCumprod(timesteps[i]);
      ofSample[i] = velocity ? -sqrt(1 - alphaBar) : sqrt(alphaBar);
      ofNoise[i] = velocity ? sqrt(alphaBar) : sqrt(1 - alphaBar);
    }
    return Linear.mixRows(ofSample, sample, ofNoise, noise);
  }

  private int checkTimestep(int t) {
    checkArgument(0 <= t && t < betas.length, "timestep %s is not in 0..%s", t, betas.length - 1);
    return t;
  }

  @Override
  public String toString() {
    return name
        + "["
        + betas.length
        + " timesteps, beta "
        + betas[0]
        + ".."
        + betas[betas.length - 1]
        + "]";
  }

  private static NoiseSchedule sigmoid(int timesteps, double start, double end) {
    float[] betas = linspace(-6, 6, timesteps);
    for (int i = 0; i < timesteps; i++) {
      float sigmoid = (float) (1 / (1 + Math.exp(-betas[i])));
      betas[i] = sigmoid * (float) (end - start) + (float) start;
    }
    return new NoiseSchedule("sigmoid", betas);
  }

  private static double laplaceAlphaBar(double t) {
    double lambda = -0.5 * Math.copySign(1, 0.5 - t) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
    double snr = Math.exp(lambda);
    return Math.sqrt(snr / (1 + snr));
  }

  private static NoiseSchedule ofAlphaBar(
      String name, int timesteps, DoubleUnaryOperator alphaBar) {
    float[] betas = new float[timesteps];
    for (int i = 0; i < timesteps; i++) {
      double t1 = (double) i / timesteps;
      double t2 = (double) (i + 1) / timesteps;
      double beta = 1 - alphaBar.applyAsDouble(t2) / alphaBar.applyAsDouble(t1);
      betas[i] = (float) Math.min(beta, 0.999);
    }
    return new NoiseSchedule(name, betas);
  }

  /** As torch.linspace in float32: from both ends towards the middle. */
  private static float[] linspace(double start, double end, int count) {
    float[] values = new float[count];
    float step = count == 1 ? 0 : ((float) end - (float) start) / (count - 1);
    for (int i = 0; i < count; i++) {
      values[i] =
          i < count / 2 || count == 1
              ? Math.fma(step, i, (float) start)
              : Math.fma(-step, count - 1 - i, (float) end);
    }
    return values;
  }

  /** As torch.cumprod in float32: the running product is double. */
  private static float[] cumulativeProduct(float[] betas) {
    float[] products = new float[betas.length];
    double product = 1;
    for (int i = 0; i < betas.length; i++) {
      product *= 1 - betas[i];
      products[i] = (float) product;
    }
    return products;
  }

  private static float sqrt(float value) {
    return ReferenceRoot.of(value);
  }
}
