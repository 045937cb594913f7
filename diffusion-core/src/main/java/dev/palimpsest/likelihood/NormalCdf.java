package dev.palimpsest.likelihood;

import org.apache.commons.math3.special.Erf;

/** The distribution function Φ of the standard normal distribution, two ways. */
public enum NormalCdf {
  /**
   * (1 + tanh(sqrt(2/π) (x + 0.044715 x³))) / 2, off by 3·10⁻⁴ at most: what improved-diffusion's
   * figures are made with ({@code losses.py}).
   */
  TANH {
    @Override
    double at(double x) {
      return 0.5 * (1 + Math.tanh(ROOT * (x + 0.044715 * x * x * x)));
    }

    @Override
    double between(double low, double high) {
      return at(high) - at(low);
    }
  },

  /** By the error function: exact, in the tails too. */
  ERF {
    @Override
    double at(double x) {
      return 0.5 * Erf.erfc(-x / Math.sqrt(2));
    }

    @Override
    double between(double low, double high) {
      // In the lower half, where the values are small and keep their digits.
      return low > 0 ? at(-low) - at(-high) : at(high) - at(low);
    }
  };

  private static final double ROOT = Math.sqrt(2 / Math.PI);

  abstract double at(double x);

  /** The probability of an interval. */
  abstract double between(double low, double high);

  /** A uniform number in 0..1 of a standard normal one. */
  static double uniform(double normal) {
    return ERF.at(normal);
  }
}
