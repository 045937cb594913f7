package dev.palimpsest.scheduler;

/** The noise level after the last step, {@code final_sigmas_type} in configurations. */
public enum FinalSigma {
  ZERO,
  /** The smallest noise level of training. */
  SIGMA_MIN
}
