package dev.palimpsest.scheduler;

/**
 * How the timesteps of a run are picked among the training timesteps (Lin et al. 2023, "Common
 * Diffusion Noise Schedules and Sample Steps are Flawed", table 2).
 */
public enum TimestepSpacing {
  /** Multiples of a whole ratio, from the clean end, plus the configured offset. */
  LEADING,
  /** From the last training timestep downwards; the only one that includes it with few steps. */
  TRAILING,
  /** Evenly from the last to the first training timestep. */
  LINSPACE
}
