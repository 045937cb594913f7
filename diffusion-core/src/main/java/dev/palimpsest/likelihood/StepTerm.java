package dev.palimpsest.likelihood;

/**
 * What one picture contributes at one step for one draw of noise. Means over its elements.
 *
 * @param step t, of the process that was evaluated
 * @param timestep what the network was told: other than the step after respacing only
 * @param bits the term of the variational bound, bits per dimension: L_{t} = KL(q(x_{t−1} | x_t,
 *     x_0) ‖ p(x_{t−1} | x_t)), and for step 0 the decoder's −log p(x_0 | x_1)
 * @param simple the term of L_simple: the squared error of the network's output
 * @param denoisedError the squared error of the (clipped) estimate of x_0
 * @param epsilonError the squared error of the noise that this estimate implies
 */
public record StepTerm(
    int step, int timestep, double bits, double simple, double denoisedError, double epsilonError) {

  /** The weight λ of L_vlb in L_hybrid (Nichol and Dhariwal 2021, formula 16). */
  public static final double LAMBDA = 0.001;

  /** An estimate of L_vlb from this step alone: its term for each of so many steps. */
  public double vlb(int steps) {
    return steps * bits;
  }

  /** An estimate of L_hybrid = L_simple + λ L_vlb with {@link #LAMBDA}, L_vlb in bits. */
  public double hybrid(int steps) {
    return simple + LAMBDA * vlb(steps);
  }
}
