package dev.palimpsest.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * What one network evaluation says, in each form that a solver may want. The arrays are row-major
 * like the state and must not be changed.
 */
public final class Prediction {
  private final NoiseLevels levels;
  private final PredictionType type;
  private final int k;
  private final float[] x;
  private final float[] output;
  private final float[] denoised;
  private final float @Nullable [] variance;

  Prediction(
      NoiseLevels levels,
      PredictionType type,
      int k,
      float[] x,
      float[] output,
      float[] denoised,
      float @Nullable [] variance) {
    this.levels = levels;
    this.type = type;
    this.k = k;
    this.x = x;
    this.output = output;
    this.denoised = denoised;
    this.variance = variance;
  }

  /** The network's output as it is, without the variance. */
  public float[] output() {
    return output;
  }

  /** The estimate of the clean sample, clipped where that was asked for. */
  public float[] denoised() {
    return denoised;
  }

  /**
   * The estimate of the clean sample if the output is taken as that of another state, at noise
   * level {@code sigma} for an {@link PredictionType#EPSILON} and the evaluation's own for others.
   */
  float[] denoisedFrom(float[] other, float sigma) {
    return type == PredictionType.EPSILON
        ? Linear.combine(1, other, -sigma, output)
        : levels.denoised(type, k, other, output);
  }

  /** The network's variance output; null where it has none. */
  public float @Nullable [] variance() {
    return variance;
  }

  /** The noise that the network predicts; clipping does not change it. */
  public float[] epsilon() {
    return switch (type) {
      case EPSILON -> output;
      case V_PREDICTION -> levels.epsilonOfVelocity(k, x, output);
      case SAMPLE, FLOW_PREDICTION -> epsilonOfDenoised();
    };
  }

  /** The noise that leads from the (clipped) estimate of the clean sample to the state. */
  public float[] epsilonOfDenoised() {
    float alpha = levels.alpha(k);
    float sigma = levels.sigma(k);
    float[] epsilon = new float[x.length];
    for (int i = 0; i < epsilon.length; i++) {
      epsilon[i] = (x[i] - alpha * denoised[i]) / sigma;
    }
    return epsilon;
  }
}
