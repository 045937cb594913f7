package dev.palimpsest.esd;

import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.tensor.Tensor;

/**
 * Whether an erased concept could be brought back. Of the trial pictures, all with the same seeds:
 *
 * @param prompt the concept's, where the search began
 * @param subject what the scorer looked for
 * @param budget what the search was given
 * @param before recognised of the model before
 * @param erased recognised of the erased model with the prompt
 * @param elicited recognised of the erased model with the states that were found: the success rate
 * @param states those, float32 [1, tokens, width]
 */
public record ConceptInversionResult(
    String prompt,
    String subject,
    Budget budget,
    Proportion before,
    Proportion erased,
    Proportion elicited,
    Tensor states) {

  /**
   * What a search was given.
   *
   * @param iterations steps of gradient descent
   * @param batch noisy states a step
   * @param examples pictures of the concept to learn from
   * @param learningRate of Adam
   */
  public record Budget(long iterations, int batch, int examples, double learningRate) {}
}
