package dev.palimpsest.scheduler;

import dev.palimpsest.errors.UnsupportedModelException;
import org.apache.commons.math3.distribution.BetaDistribution;

/** How noise levels are placed between the largest and the smallest one of a run. */
public enum SigmaSpacing {
  /** As the timesteps have them. */
  TIMESTEPS {
    @Override
    double[] between(double max, double min, int n) {
      throw new AssertionError("the timesteps place the sigmas");
    }
  },
  /** Evenly in sigma^(1/7) (Karras et al. 2022, equation 5). */
  KARRAS {
    @Override
    double[] between(double max, double min, int n) {
      double rho = 7;
      double from = Math.pow(max, 1 / rho);
      double to = Math.pow(min, 1 / rho);
      double[] ramp = Timesteps.linspace(0, 1, n);
      for (int i = 0; i < n; i++) {
        ramp[i] = Math.pow(from + ramp[i] * (to - from), rho);
      }
      return ramp;
    }
  },
  /** Evenly in log(sigma). */
  EXPONENTIAL {
    @Override
    double[] between(double max, double min, int n) {
      double[] sigmas = Timesteps.linspace(Math.log(max), Math.log(min), n);
      for (int i = 0; i < n; i++) {
        sigmas[i] = Math.exp(sigmas[i]);
      }
      return sigmas;
    }
  },
  /** At the quantiles of Beta(0.6, 0.6) (Lee et al. 2024, "Beta Sampling is All You Need"). */
  BETA {
    @Override
    double[] between(double max, double min, int n) {
      var beta = new BetaDistribution(null, 0.6, 0.6, 1e-12);
      double[] ramp = Timesteps.linspace(0, 1, n);
      for (int i = 0; i < n; i++) {
        ramp[i] = min + beta.inverseCumulativeProbability(1 - ramp[i]) * (max - min);
      }
      return ramp;
    }
  },
  /**
   * Evenly in the log signal-to-noise ratio (Lu et al. 2022), which for these levels is {@link
   * #EXPONENTIAL}; kept apart since timesteps are rounded with it.
   */
  LU {
    @Override
    double[] between(double max, double min, int n) {
      return EXPONENTIAL.between(max, min, n);
    }
  };

  /** {@code n} levels from {@code max} to {@code min}, both included. */
  abstract double[] between(double max, double min, int n);

  /** The spacing that a configuration asks for. */
  static SigmaSpacing of(Settings settings) {
    SigmaSpacing spacing = TIMESTEPS;
    spacing = spacing.or(settings, "use_karras_sigmas", KARRAS);
    spacing = spacing.or(settings, "use_exponential_sigmas", EXPONENTIAL);
    spacing = spacing.or(settings, "use_beta_sigmas", BETA);
    return spacing.or(settings, "use_lu_lambdas", LU);
  }

  /** The settings with this spacing instead of theirs. */
  Settings in(Settings settings) {
    return settings
        .with("use_karras_sigmas", this == KARRAS)
        .with("use_exponential_sigmas", this == EXPONENTIAL)
        .with("use_beta_sigmas", this == BETA)
        .with("use_lu_lambdas", this == LU);
  }

  private SigmaSpacing or(Settings settings, String field, SigmaSpacing other) {
    if (!settings.flag(field, false)) {
      return this;
    }
    if (this != TIMESTEPS) {
      throw new UnsupportedModelException(
          field + " cannot be combined with " + this + " sigmas; set one of them");
    }
    return other;
  }
}
