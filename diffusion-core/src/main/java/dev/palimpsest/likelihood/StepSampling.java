package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Which steps a bound is estimated from. The decoder's step 0, whose term is the largest, is always
 * a stratum of its own. Immutable.
 *
 * @param strata into how many the other steps are divided, finer towards the picture, where terms
 *     are large; 0 for one a step
 * @param draws of step and noise in each stratum; from 2 on there is a standard error
 */
public record StepSampling(int strata, int draws) {

  public StepSampling {
    checkArgument(strata >= 0, "strata must be >= 0, were %s", strata);
    checkArgument(draws > 0, "draws must be > 0, were %s", draws);
  }

  /** Every step, with one draw of noise each. */
  public static StepSampling all() {
    return new StepSampling(0, 1);
  }

  /** Two steps of each of so many strata: 2 (strata + 1) network evaluations, a standard error. */
  public static StepSampling stratified(int strata) {
    checkArgument(strata > 0, "strata must be > 0, were %s", strata);
    return new StepSampling(strata, 2);
  }

  /** This sampling with so many draws in each stratum. */
  public StepSampling withDraws(int other) {
    return new StepSampling(strata, other);
  }

  /** Network evaluations for a process of so many steps. */
  public int evaluations(int steps) {
    return Math.multiplyExact(strata(steps) + 1, draws);
  }

  /** Strata beside that of the decoder. */
  int strata(int steps) {
    checkArgument(
        strata < steps, "%s strata need more than the %s steps of the process", strata, steps);
    return strata == 0 ? steps - 1 : strata;
  }

  /**
   * Where strata begin: the first at step 1, and after the last one the end. Their lengths grow
   * geometrically, as terms fall about as 1 / t.
   */
  int[] starts(int steps) {
    int[] starts = new int[strata(steps) + 1];
    starts[0] = 1;
    for (int j = 1; j < starts.length; j++) {
      int from = starts[j - 1];
      double length = Math.pow((double) steps / from, 1.0 / (starts.length - j));
      // The last ends at the end whatever a root of a power comes to.
      starts[j] = j == starts.length - 1 ? steps : Math.max(from + 1, (int) (from * length));
    }
    return starts;
  }
}
