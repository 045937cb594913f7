package dev.palimpsest.scheduler;

import static dev.palimpsest.scheduler.Interpolation.weights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of an exponential integrator, which DPM-Solver, DEIS, UniPC and SA-Solver have in
 * common.
 *
 * <p>Let λ = log(alpha / sigma), h its growth over the step and r = (λ - λ_s) / h. The exact
 * solution from s to t is
 *
 * <pre>x_t = a x_s - c ∫_0^1 z exp(z (1 - r)) m(r) dr + n ε</pre>
 *
 * (Lu et al. 2022, arXiv 2206.00927, equation 3.4; Xue et al. 2023, arXiv 2305.14267, equation 14),
 * where m is the estimate of the clean sample or of the noise along the way. A solver replaces m by
 * the polynomial through the estimates that it has; solvers differ in which these are and in which
 * moments ∫ z exp(z (1 - r)) r^i dr they take exactly.
 */
final class ExponentialStep {
  private final NoiseLevels levels;
  private final double lambda;
  private final double h;
  private final double z;
  private final double ofState;
  private final double ofEstimates;
  private final double ofNoise;

  /**
   * @param onDenoised whether m estimates the clean sample, else the noise
   * @param tau how much noise is drawn: none with 0, as the reverse diffusion with 1
   */
  ExponentialStep(NoiseLevels levels, int from, int to, boolean onDenoised, double tau) {
    this.levels = levels;
    lambda = lambda(levels, from);
    h = lambda(levels, to) - lambda;
    double added = tau == 0 ? 0 : tau * tau * h;
    double alpha = levels.alpha(to);
    double sigma = levels.sigma(to);
    if (onDenoised) {
      z = -(h + added);
      ofState = sigma / levels.sigma(from) * Math.exp(-added);
      ofEstimates = alpha;
      ofNoise = sigma * Math.sqrt(-Math.expm1(-2 * added));
    } else {
      z = h;
      ofState = alpha / levels.alpha(from);
      ofEstimates = (1 + tau * tau) * sigma;
      ofNoise = tau == 0 ? 0 : tau * sigma * Math.sqrt(Math.expm1(2 * h));
    }
  }

  /** The first {@code n} moments, by parts. */
  double[] moments(int n) {
    double[] moments = new double[n];
    moments[0] = Math.expm1(z);
    for (int i = 1; i < n; i++) {
      moments[i] = i * moments[i - 1] / z - 1;
    }
    return moments;
  }

  /** Two moments, the second as half of the first: DPM-Solver's midpoint, UniPC's B2(h). */
  double[] midpointMoments() {
    return new double[] {Math.expm1(z), Math.expm1(z) / 2};
  }

  /** Two moments, the second as z / 2: UniPC's B1(h), SA-Solver. */
  double[] linearMoments() {
    return new double[] {Math.expm1(z), z / 2};
  }

  /** Where an evaluation of the grid lies: 0 at the start of this step, 1 at its end. */
  double node(int k) {
    return (lambda(levels, k) - lambda) / h;
  }

  /**
   * The state at the end of this step.
   *
   * @param newest the evaluation of the first of {@code m}; the others are those before it, as many
   *     as there are moments
   * @param noise standard normal, null where none is drawn
   */
  float[] from(float[] x, int newest, List<float[]> m, double[] moments, float @Nullable [] noise) {
    double[] nodes = new double[moments.length];
    Arrays.setAll(nodes, j -> node(newest - j));
    return from(x, nodes, m, moments, noise);
  }

  float[] from(
      float[] x, double[] nodes, List<float[]> m, double[] moments, float @Nullable [] noise) {
    if (h == 0) {
      return x.clone();
    }
    double[] w = weights(nodes, moments);
    double[] weights = new double[w.length + (noise == null ? 1 : 2)];
    var terms = new ArrayList<float[]>();
    weights[0] = ofState;
    terms.add(x);
    for (int j = 0; j < w.length; j++) {
      weights[j + 1] = -ofEstimates * w[j];
      terms.add(m.get(j));
    }
    if (noise != null) {
      weights[w.length + 1] = ofNoise;
      terms.add(noise);
    }
    return Linear.sum(weights, terms);
  }

  /** Half the log signal-to-noise ratio. */
  private static double lambda(NoiseLevels levels, int k) {
    return Math.log(levels.alpha(k)) - Math.log(levels.sigma(k));
  }
}
