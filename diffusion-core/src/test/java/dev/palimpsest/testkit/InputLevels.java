package dev.palimpsest.testkit;

import dev.palimpsest.scheduler.NoiseSchedule;

/** The level of a network's input at each timestep: what the network learned in training. */
@FunctionalInterface
public interface InputLevels {
  Level at(double timestep);

  /**
   * Those of a noise schedule, alpha² + sigma² = 1; between two timesteps log(sigma / alpha) is
   * linear, and outside of them it stays.
   */
  static InputLevels of(NoiseSchedule schedule) {
    return timestep -> {
      int last = schedule.timesteps() - 1;
      double t = Math.min(Math.max(timestep, 0), last);
      int below = Math.min((int) t, Math.max(last - 1, 0));
      double low = Math.log(ratio(schedule, below));
      double high = Math.log(ratio(schedule, Math.min(below + 1, last)));
      double ratio = Math.exp(low + (t - below) * (high - low));
      double norm = Math.hypot(1, ratio);
      return new Level(1 / norm, ratio / norm);
    };
  }

  /** Those of a rectified flow: sigma is the share of the timestep in all, alpha the rest. */
  static InputLevels flow(int timesteps) {
    return timestep -> {
      double sigma = Math.min(Math.max(timestep / timesteps, 0), 1);
      return new Level(1 - sigma, sigma);
    };
  }

  private static double ratio(NoiseSchedule schedule, int t) {
    double alphaBar = schedule.alphaCumprod(t);
    return Math.sqrt((1 - alphaBar) / alphaBar);
  }
}
