package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/**
 * What a diffusion network is shown and what it is to answer: x_t = sqrt(ᾱ_t) x_0 + sqrt(1 - ᾱ_t) ε
 * and, of ε, v and x_0, the one that it predicts. Immutable.
 *
 * @param schedule of the forward process
 * @param type epsilon, v or sample
 */
public record DiffusionTarget(NoiseSchedule schedule, PredictionType type) {

  public DiffusionTarget {
    checkArgument(
        type != PredictionType.FLOW_PREDICTION,
        "a noise schedule trains EPSILON, V_PREDICTION or SAMPLE, not %s",
        type);
  }

  /**
   * Noise for a batch.
   *
   * @param offset the share of noise that is the same for all pixels of a channel, as in diffusers'
   *     training scripts; 0 for none
   */
  public static Tensor noise(NoiseSource source, Shape shape, double offset) {
    Tensor noise = source.gaussian(shape);
    if (offset == 0) {
      return noise;
    }
    long batch = shape.dim(0);
    long channels = shape.dim(1);
    float[] shifts = source.gaussian(Shape.of(batch, channels)).floats();
    float[] values = noise.floats().clone();
    int plane = values.length / shifts.length;
    for (int i = 0; i < values.length; i++) {
      values[i] += (float) offset * shifts[i / plane];
    }
    return Tensor.of(shape, values);
  }

  /** x_t. */
  public Tensor noisy(Tensor original, Tensor noise, int... timesteps) {
    return schedule.addNoise(original, noise, timesteps);
  }

  /** What the network is to predict. */
  public Tensor target(Tensor original, Tensor noise, int... timesteps) {
    return switch (type) {
      case EPSILON -> noise;
      case V_PREDICTION -> schedule.velocity(original, noise, timesteps);
      case SAMPLE -> original;
      case FLOW_PREDICTION -> throw new AssertionError(type);
    };
  }

  /**
   * The weight of a row's loss by min-SNR-γ (Hang et al. 2023), as diffusers' training scripts: min
   * (SNR, γ) / SNR for epsilon, / (SNR + 1) for v. For a sample it is min(SNR, γ).
   *
   * @param gamma 5 in the paper
   */
  public float minSnrWeight(double gamma, int timestep) {
    double alphaBar = schedule.alphaCumprod(timestep);
    double snr = alphaBar / (1 - alphaBar);
    double least = Math.min(snr, gamma);
    return (float)
        switch (type) {
          case EPSILON -> least / snr;
          case V_PREDICTION -> least / (snr + 1);
          case SAMPLE -> least;
          case FLOW_PREDICTION -> throw new AssertionError(type);
        };
  }
}
