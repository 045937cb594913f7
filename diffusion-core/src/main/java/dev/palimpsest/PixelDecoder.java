package dev.palimpsest;

/**
 * How a model on pixels ends: what makes 8-bit levels of p(x_0 | x_1), whose mean the solver leaves
 * (Ho et al. 2020, section 3.3).
 */
public enum PixelDecoder {
  /** The solver's last state, rounded: what diffusers does, with any solver. */
  ROUNDED,
  /** The level of the highest probability. Needs the scheduler {@code ddpm}. */
  MOST_LIKELY,
  /**
   * A level drawn by its probability, with the run's noise after the last step. Needs the scheduler
   * {@code ddpm}.
   */
  SAMPLED
}
