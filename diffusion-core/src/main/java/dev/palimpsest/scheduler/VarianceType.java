package dev.palimpsest.scheduler;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/** The variance that a step of {@link Ddpm} has. */
public enum VarianceType {
  /** That of the forward process posterior, β̃. */
  FIXED_SMALL,
  /** As {@link #FIXED_SMALL}. */
  FIXED_SMALL_LOG,
  /** That of the forward process, β. */
  FIXED_LARGE,
  /** As {@link #FIXED_LARGE}; diffusers, which takes the root of a logarithm here, gives NaN. */
  FIXED_LARGE_LOG,
  /** The network's second output itself. */
  LEARNED,
  /** Between β̃ and β, in logarithms, as the network's second output in [-1, 1] says. */
  LEARNED_RANGE;

  boolean isLearned() {
    return this == LEARNED || this == LEARNED_RANGE;
  }

  /** Adds noise z of this variance to x in place. */
  void addNoise(float[] x, float[] z, float beta, float posterior, float @Nullable [] predicted) {
    switch (this) {
      case FIXED_SMALL, FIXED_SMALL_LOG -> Linear.add(x, (float) Math.sqrt(posterior), z);
      case FIXED_LARGE, FIXED_LARGE_LOG -> Linear.add(x, (float) Math.sqrt(beta), z);
      case LEARNED -> {
        float[] variance = requireNonNull(predicted);
        for (int i = 0; i < x.length; i++) {
          x[i] += (float) Math.sqrt(variance[i]) * z[i];
        }
      }
      case LEARNED_RANGE -> {
        float[] fraction = requireNonNull(predicted);
        float small = (float) Math.log(posterior);
        float large = (float) Math.log(beta);
        for (int i = 0; i < x.length; i++) {
          float v = (fraction[i] + 1) / 2;
          x[i] += (float) Math.exp(0.5f * (v * large + (1 - v) * small)) * z[i];
        }
      }
    }
  }
}
