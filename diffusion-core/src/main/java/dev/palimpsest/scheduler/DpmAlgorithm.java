package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

/** The families of DPM-Solver: on the noise or on the clean sample, deterministic or stochastic. */
public enum DpmAlgorithm {
  /** DPM-Solver (Lu et al. 2022, arXiv 2206.00927), on the noise. */
  DPMSOLVER("dpmsolver", false, false),
  /** DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095), on the clean sample. */
  DPMSOLVER_PLUS_PLUS("dpmsolver++", true, false),
  /** The stochastic variant of {@link #DPMSOLVER}; has no third order. */
  SDE_DPMSOLVER("sde-dpmsolver", false, true),
  /** The stochastic variant of {@link #DPMSOLVER_PLUS_PLUS}. */
  SDE_DPMSOLVER_PLUS_PLUS("sde-dpmsolver++", true, true);

  private final String key;
  private final boolean onDenoised;
  private final boolean stochastic;

  DpmAlgorithm(String key, boolean onDenoised, boolean stochastic) {
    this.key = key;
    this.onDenoised = onDenoised;
    this.stochastic = stochastic;
  }

  /** Whether the solver works on the estimate of the clean sample rather than on the noise. */
  boolean onDenoised() {
    return onDenoised;
  }

  boolean stochastic() {
    return stochastic;
  }

  ExponentialStep step(NoiseLevels levels, int from, int to) {
    return new ExponentialStep(levels, from, to, onDenoised, stochastic ? 1 : 0);
  }

  /** What the solver works on, of a prediction whose clean sample was clipped or not. */
  float[] target(Prediction p, Clipping clipping) {
    if (onDenoised) {
      return p.denoised();
    }
    return clipping == Clipping.NONE ? p.epsilon() : p.epsilonOfDenoised();
  }

  /** Three moments; diffusers has a sign of {@link #SDE_DPMSOLVER_PLUS_PLUS} the other way. */
  double[] thirdOrderMoments(ExponentialStep step) {
    checkArgument(this != SDE_DPMSOLVER, "%s has no third order", this);
    double[] moments = step.moments(3);
    if (this == SDE_DPMSOLVER_PLUS_PLUS) {
      moments[2] += 2;
    }
    return moments;
  }

  /** The value in configuration files. */
  @Override
  public String toString() {
    return key;
  }
}
