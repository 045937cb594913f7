package dev.palimpsest.esd;

import dev.palimpsest.esd.FrozenBase.Evaluation;
import dev.palimpsest.tensor.Tensor;
import java.util.List;

/**
 * One row that an erasure trains on. Immutable.
 *
 * @param prompt what the network is asked with
 * @param x the noisy state x_t as the network sees it: float32 [1, channels, height, width]
 * @param timestep of the state
 * @param predictions of the frozen network at x: with nothing, with the prompt, and where the
 *     prompt is a wider concept with the concept; of x's shape
 * @param target what the network is to say, of x's shape
 */
public record ErasureSample(
    String prompt, Tensor x, double timestep, List<Tensor> predictions, Tensor target) {
  public ErasureSample {
    predictions = List.copyOf(predictions);
  }

  static ErasureSample of(Lesson lesson, Evaluation state) {
    return new ErasureSample(
        lesson.prompt(),
        state.x(),
        state.timestep(),
        state.predictions(),
        lesson.target(state.predictions()));
  }
}
