package dev.palimpsest.scheduler;

import dev.palimpsest.tensor.Tensor;
import java.util.List;

/**
 * What a solver step gave.
 *
 * @param x the state after the step, float32
 * @param denoised the solver's estimate of the clean sample, float32 of x's shape
 * @param evaluations the network evaluations of this step in order; empty if the solver does not
 *     tell
 */
public record Step(Tensor x, Tensor denoised, List<Evaluation> evaluations) {
  public Step {
    evaluations = List.copyOf(evaluations);
  }

  public Step(Tensor x, Tensor denoised) {
    this(x, denoised, List.of());
  }
}
