package dev.palimpsest.training;

import java.util.List;

/**
 * How weights follow their gradients, element by element: an immutable description; what it
 * remembers of each weight is kept by the run, which saves it.
 *
 * <p>{@code toString} tells all settings: a run's folder records it. Implementations are
 * thread-safe, as slices of tensors are updated in parallel.
 */
public interface Optimizer {
  /** Names of what is kept for each weight, zero at the start. */
  List<String> moments();

  /**
   * The rule of one step.
   *
   * @param step from 1
   * @param learningRate of this step
   */
  Rule rule(long step, double learningRate);

  /** One step on a slice of the elements. */
  @FunctionalInterface
  interface Rule {
    /**
     * Changes the first {@code count} weights and moments in place.
     *
     * @param moments one array for each of {@link #moments()}
     */
    void apply(float[] weights, float[] gradients, float[][] moments, int count);
  }
}
