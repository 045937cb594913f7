package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Estimates the variational bound of pictures under a model: all of its terms, or a stratified
 * sample of them with its standard error.
 *
 * <p>With all steps and one draw it is improved-diffusion's {@code calc_bpd_loop}. Immutable.
 */
public final class Likelihood {
  private final VariationalBound bound;
  private final StepSampling sampling;

  private Likelihood(VariationalBound bound, StepSampling sampling) {
    this.bound = bound;
    this.sampling = sampling;
  }

  /** Of a model, by all of its steps. */
  public static Likelihood of(ReverseProcess process) {
    return new Likelihood(VariationalBound.of(process), StepSampling.all());
  }

  /** This estimate from other steps. */
  public Likelihood sampling(StepSampling other) {
    return new Likelihood(bound, other);
  }

  /** This estimate with another distribution function in the decoder. */
  public Likelihood cdf(NormalCdf other) {
    return new Likelihood(bound.cdf(other), sampling);
  }

  /** Told of each evaluation; an exception thrown here ends the work and reaches the caller. */
  @FunctionalInterface
  public interface Listener {
    Listener NONE = (done, evaluations) -> {};

    /**
     * @param done evaluations, from 1
     */
    void onEvaluation(int done, int evaluations);
  }

  /**
   * The bounds of the pictures of a batch.
   *
   * @param x0 [batch, channels, ...], levels in [−1, 1]
   * @param network is asked for the whole batch at once
   * @param noise gives, from the last step to the first, a draw of x_0's shape each; before it,
   *     where a stratum has several steps, a scalar that picks one
   * @return one for each picture
   */
  public List<BitsPerDim> evaluate(Tensor x0, PredictionFunction network, NoiseSource noise) {
    return evaluate(x0, network, noise, Listener.NONE);
  }

  /** As {@link #evaluate(Tensor, PredictionFunction, NoiseSource)}, and tells how far it is. */
  public List<BitsPerDim> evaluate(
      Tensor x0, PredictionFunction network, NoiseSource noise, Listener listener) {
    checkArgument(
        x0.shape().rank() >= 2 && x0.elements() > 0,
        "pictures must be [batch, channels, ...], were %s",
        x0.shape());
    int steps = bound.process().diffusion().steps();
    int evaluations = sampling.evaluations(steps);
    List<Estimate> rows = new ArrayList<>();
    for (int i = 0; i < x0.shape().dim(0); i++) {
      rows.add(new Estimate());
    }
    int done = 0;
    int[] starts = sampling.starts(steps);
    for (int j = starts.length - 1; j >= 0; j--) {
      int first = j == 0 ? 0 : starts[j - 1];
      int size = starts[j] - first;
      for (int draw = 0; draw < sampling.draws(); draw++) {
        int t = first + pick(size, noise);
        List<StepTerm> terms = bound.terms(x0, noise.gaussian(x0.shape()), t, network);
        for (int i = 0; i < terms.size(); i++) {
          rows.get(i).add(terms.get(i));
        }
        listener.onEvaluation(++done, evaluations);
      }
      rows.forEach(row -> row.endStratum(size, sampling.draws()));
    }
    double[] prior = bound.prior(x0).doubles();
    int dimensions = Math.toIntExact(x0.elements() / x0.shape().dim(0));
    List<BitsPerDim> result = new ArrayList<>();
    for (int i = 0; i < prior.length; i++) {
      result.add(rows.get(i).result(dimensions, steps, prior[i], sampling.draws() > 1));
    }
    return List.copyOf(result);
  }

  /** One of so many, uniformly. */
  private static int pick(int size, NoiseSource noise) {
    if (size == 1) {
      return 0;
    }
    double uniform = NormalCdf.uniform(noise.gaussian(Shape.of(1)).doubles()[0]);
    return Math.min((int) (uniform * size), size - 1);
  }

  /** The sums of one picture. */
  private static final class Estimate {
    private final List<StepTerm> terms = new ArrayList<>();
    private double sum;
    private double variance;
    private double last;

    void add(StepTerm term) {
      terms.add(term);
    }

    /** A stratum's sum is its size times the mean of what was drawn in it. */
    void endStratum(int size, int draws) {
      List<StepTerm> drawn = terms.subList(terms.size() - draws, terms.size());
      double mean = drawn.stream().mapToDouble(StepTerm::bits).sum() / draws;
      double squares = 0;
      for (StepTerm term : drawn) {
        squares += (term.bits() - mean) * (term.bits() - mean);
      }
      last = size * mean;
      sum += last;
      variance += draws > 1 ? (double) size * size * squares / (draws - 1) / draws : 0;
    }

    BitsPerDim result(int dimensions, int steps, double prior, boolean severalDraws) {
      terms.sort((a, b) -> Integer.compare(b.step(), a.step()));
      return new BitsPerDim(
          dimensions,
          steps,
          prior,
          sum - last,
          last,
          severalDraws ? OptionalDouble.of(Math.sqrt(variance)) : OptionalDouble.empty(),
          terms);
    }
  }
}
