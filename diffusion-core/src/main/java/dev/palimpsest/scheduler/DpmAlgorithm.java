package dev.palimpsest.scheduler;

/**
 * The families of DPM-Solver, as the coefficients of x_t = c_x x_s + c_0 D0 + c_1 D1 + c_2 D2 + c_z
 * z over a step of h = lambda_t - lambda_s. Where the solver works on the estimate of the clean
 * sample (++), D0 is that, else the noise.
 */
public enum DpmAlgorithm {
  /** DPM-Solver (Lu et al. 2022, arXiv 2206.00927), on the noise. */
  DPMSOLVER("dpmsolver", false, false) {
    @Override
    float first(float alpha, float sigma, float h) {
      return -sigma * (exp(h) - 1);
    }

    @Override
    float second(float alpha, float sigma, float h) {
      return -sigma * ((exp(h) - 1) / h - 1);
    }

    @Override
    float third(float alpha, float sigma, float h) {
      return -sigma * ((exp(h) - 1 - h) / (h * h) - 0.5f);
    }
  },
  /** DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095), on the clean sample. */
  DPMSOLVER_PLUS_PLUS("dpmsolver++", true, false) {
    @Override
    float first(float alpha, float sigma, float h) {
      return -alpha * (exp(-h) - 1);
    }

    @Override
    float second(float alpha, float sigma, float h) {
      return alpha * ((exp(-h) - 1) / h + 1);
    }

    @Override
    float third(float alpha, float sigma, float h) {
      return -alpha * ((exp(-h) - 1 + h) / (h * h) - 0.5f);
    }
  },
  /** The stochastic variant of {@link #DPMSOLVER}; has no third order. */
  SDE_DPMSOLVER("sde-dpmsolver", false, true) {
    @Override
    float first(float alpha, float sigma, float h) {
      return -2 * (sigma * (exp(h) - 1));
    }

    @Override
    float second(float alpha, float sigma, float h) {
      return -2 * (sigma * ((exp(h) - 1) / h - 1));
    }

    @Override
    float third(float alpha, float sigma, float h) {
      throw new IllegalArgumentException(this + " has no third order");
    }

    @Override
    float noise(float sigma, float h) {
      return sigma * (float) Math.sqrt(exp(2 * h) - 1);
    }
  },
  /** The stochastic variant of {@link #DPMSOLVER_PLUS_PLUS}. */
  SDE_DPMSOLVER_PLUS_PLUS("sde-dpmsolver++", true, true) {
    @Override
    float first(float alpha, float sigma, float h) {
      return alpha * (1 - exp(-2 * h));
    }

    @Override
    float second(float alpha, float sigma, float h) {
      return alpha * ((1 - exp(-2 * h)) / (-2 * h) + 1);
    }

    @Override
    float third(float alpha, float sigma, float h) {
      return alpha * ((1 - exp(-2 * h) - 2 * h) / (4 * h * h) - 0.5f);
    }

    @Override
    float noise(float sigma, float h) {
      return sigma * (float) Math.sqrt(1 - exp(-2 * h));
    }
  };

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

  /** The coefficient of x_s. */
  float ofState(float alphaT, float alphaS, float sigmaT, float sigmaS, float h) {
    if (!onDenoised) {
      return alphaT / alphaS;
    }
    return stochastic ? sigmaT / sigmaS * exp(-h) : sigmaT / sigmaS;
  }

  /** The coefficient of D0. */
  abstract float first(float alpha, float sigma, float h);

  /** The coefficient of D1 in the solver type heun and in third order; midpoint takes half D0's. */
  abstract float second(float alpha, float sigma, float h);

  abstract float third(float alpha, float sigma, float h);

  /** The coefficient of the noise. */
  float noise(float sigma, float h) {
    return 0;
  }

  private static float exp(float value) {
    return (float) Math.exp(value);
  }

  /** The value in configuration files. */
  @Override
  public String toString() {
    return key;
  }
}
