package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.scheduler.VarianceType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The variance σ_t² of the reverse process p(x_{t−1} | x_t) (Ho et al. 2020, section 3.2; Nichol
 * and Dhariwal 2021, formula 15).
 */
public enum ModelVariance {
  /** β̃_t, that of the posterior; step 0, where it is 0, has that of step 1. */
  FIXED_SMALL,
  /** β_t; step 0 has β̃_1, which is far better for the decoder. */
  FIXED_LARGE,
  /** The network's second output itself, as diffusers' {@code learned}. */
  LEARNED,
  /** The network's second output is its logarithm, as improved-diffusion's {@code LEARNED}. */
  LEARNED_LOG,
  /** Between β̃_t and β_t, in logarithms, as the network's second output in [−1, 1] says. */
  LEARNED_RANGE;

  /** That of a scheduler's configuration. */
  public static ModelVariance of(VarianceType type) {
    return switch (type) {
      case FIXED_SMALL, FIXED_SMALL_LOG -> FIXED_SMALL;
      case FIXED_LARGE, FIXED_LARGE_LOG -> FIXED_LARGE;
      case LEARNED -> LEARNED;
      case LEARNED_RANGE -> LEARNED_RANGE;
    };
  }

  /** Whether the network has as many output channels again for it. */
  public boolean isLearned() {
    return this == LEARNED || this == LEARNED_LOG || this == LEARNED_RANGE;
  }

  /**
   * log σ_t², an element each.
   *
   * @param output the network's second output, where there is one
   */
  double[] logVariance(GaussianDiffusion q, int t, double @Nullable [] output, int elements) {
    double small = q.posteriorLogVariance(t);
    double large = Math.log(q.beta(t));
    double[] log = isLearned() ? requireNonNull(output) : new double[elements];
    switch (this) {
      case FIXED_SMALL -> Arrays.fill(log, small);
      case FIXED_LARGE -> Arrays.fill(log, t == 0 ? small : large);
      case LEARNED_LOG -> {}
      case LEARNED -> {
        for (int i = 0; i < log.length; i++) {
          checkArgument(log[i] > 0, "the network's variance must be > 0, was %s", log[i]);
          log[i] = Math.log(log[i]);
        }
      }
      case LEARNED_RANGE -> {
        for (int i = 0; i < log.length; i++) {
          double share = (log[i] + 1) / 2;
          log[i] = share * large + (1 - share) * small;
        }
      }
    }
    return log;
  }
}
