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
 *     where there are two texts the other; the network is trained with the second
 * @param prompt the text that is denoised with and trained
 * @param away what to go away from; nothing for a prompt that is to stay
 */
record Lesson(String name, List<Conditioning> conditions, String prompt, Optional<Away> away) {
  /**
   * e_start − η (e_concept − e_nothing).
   *
   * @param eta how far
   * @param start the condition where the way begins
   * @param concept the condition of the concept
   */
  record Away(double eta, int start, int concept) {
    /** From what is said without a prompt. */
    static Away fromNothing(double eta) {
      return new Away(eta, 0, 1);
    }

    /** From the wider concept, the prompt; the concept is the other text. */
    static Away fromWider(double eta) {
      return new Away(eta, 1, 2);
    }

    /** From the other text, which replaces the concept, the prompt. */
    static Away fromTarget(double eta) {
      return new Away(eta, 2, 1);
    }
  }

  Lesson {
    conditions = List.copyOf(conditions);
  }

  Conditioning trained() {
    return conditions.get(1);
  }

  /**
   * e_null − η (e_concept − e_null), e_from − η (e_concept − e_null) where there is a wider concept
   * (Gandikota et al. 2023, equation 7), the same with what replaces the concept in the place of
   * from, or e_prompt. What holds for the noise holds for v and the sample, which are the same
   * affine function of it in all terms.
   *
   * @param predictions of the frozen network, one for each condition
   */
  Tensor target(List<Tensor> predictions) {
    return away.map(way -> target(predictions, way)).orElseGet(() -> predictions.get(1));
  }

  private static Tensor target(List<Tensor> predictions, Away away) {
    float[] nothing = predictions.get(0).floats();
    float[] start = predictions.get(away.start).floats();
    float[] concept = predictions.get(away.concept).floats();
    float strength = (float) away.eta;
    float[] target = new float[nothing.length];
    for (int i = 0; i < target.length; i++) {
      target[i] = start[i] - strength * (concept[i] - nothing[i]);
    }
    return Tensor.of(predictions.get(0).shape(), target);
  }
}
