package dev.palimpsest.likelihood;

import java.util.List;
import java.util.OptionalDouble;

/**
 * The variational bound on a picture's −log₂ p, in bits per dimension: prior + transitions +
 * decoder. Immutable.
 *
 * @param dimensions of the picture: channels × height × width
 * @param steps T
 * @param prior L_T
 * @param transitions the sum of L_{T−1} .. L_1
 * @param decoder L_0
 * @param standardError of the total, over draws of noise and, where not all were evaluated, of
 *     steps; empty if there was one draw only
 * @param terms one a draw, falling in steps
 */
public record BitsPerDim(
    int dimensions,
    int steps,
    double prior,
    double transitions,
    double decoder,
    OptionalDouble standardError,
    List<StepTerm> terms) {

  public BitsPerDim {
    terms = List.copyOf(terms);
  }

  /** The bound. */
  public double total() {
    return prior + transitions + decoder;
  }
}
