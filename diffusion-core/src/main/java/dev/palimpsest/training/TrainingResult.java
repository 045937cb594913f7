package dev.palimpsest.training;

import dev.palimpsest.checkpoint.Weights;
import java.util.Optional;

/**
 * What a training has reached. Immutable.
 *
 * @param step steps done
 * @param finished whether those are all; otherwise the run was cancelled and its folder resumes it
 * @param weights the trained weights, float32
 * @param averaged their moving average, if one was kept
 */
public record TrainingResult(
    long step, boolean finished, Weights weights, Optional<Weights> averaged) {

  /** The averaged weights where they were kept, otherwise the last ones. */
  public Weights best() {
    return averaged.orElse(weights);
  }
}
