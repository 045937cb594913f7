package dev.palimpsest.esd;

import dev.palimpsest.Conditioning;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * What the network is to learn for one prompt: to say, where the frozen network would say e_prompt,
 * the target instead. Immutable.
 *
 * @param name tells it from the other lessons of a run
 * @param conditions what the frozen network is asked with, one row each: nothing, the prompt, and
 *     for an erasure from a wider concept the concept; the network is trained with the second
 * @param prompt the text that is denoised with and trained
 * @param eta how far to go away from the concept; nothing for a prompt that is to stay
 */
record Lesson(String name, List<Conditioning> conditions, String prompt, Optional<Double> eta) {
  Lesson {
    conditions = List.copyOf(conditions);
  }

  Conditioning trained() {
    return conditions.get(1);
  }

  /**
   * e_null − η (e_concept − e_null), or e_from − η (e_concept − e_null) where there is a wider
   * concept (Gandikota et al. 2023, equation 7), or e_prompt. What holds for the noise holds for v
   * and the sample, which are the same affine function of it in all terms.
   *
   * @param predictions of the frozen network, one for each condition
   */
  Tensor target(List<Tensor> predictions) {
    if (eta.isEmpty()) {
      return predictions.get(1);
    }
    float[] nothing = predictions.get(0).floats();
    boolean wider = predictions.size() > 2;
    float[] from = wider ? predictions.get(1).floats() : nothing;
    float[] concept = predictions.get(wider ? 2 : 1).floats();
    float strength = eta.get().floatValue();
    float[] target = new float[nothing.length];
    for (int i = 0; i < target.length; i++) {
      target[i] = from[i] - strength * (concept[i] - nothing[i]);
    }
    return Tensor.of(predictions.get(0).shape(), target);
  }
}
