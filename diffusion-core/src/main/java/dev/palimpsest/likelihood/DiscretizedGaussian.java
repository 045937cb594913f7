package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * The decoder p(x_0 | x_1): a distribution over the 256 levels of each pixel, each level having the
 * probability that a normal distribution gives to its interval. Level k stands for 2k/255 − 1 and
 * reaches half a level to both sides; the first and the last reach to infinity.
 *
 * <p>Source: Ho et al. 2020, formula 13; improved-diffusion's {@code losses.py}, {@code
 * discretized_gaussian_log_likelihood}. No probability is taken for less than 10⁻¹², as there.
 * Float64. Immutable.
 */
public final class DiscretizedGaussian {
  /** The levels of a pixel. */
  public static final int LEVELS = 256;

  private static final double FLOOR = 1e-12;
  private static final double HALF = 1.0 / 255;

  private final DiagonalGaussian gaussian;
  private final NormalCdf cdf;

  private DiscretizedGaussian(DiagonalGaussian gaussian, NormalCdf cdf) {
    this.gaussian = gaussian;
    this.cdf = cdf;
  }

  /** Over pixels in [−1, 1], with the reference's approximation of the normal distribution. */
  public static DiscretizedGaussian of(DiagonalGaussian gaussian) {
    return new DiscretizedGaussian(gaussian, NormalCdf.TANH);
  }

  /** This decoder with another distribution function. */
  public DiscretizedGaussian cdf(NormalCdf other) {
    return new DiscretizedGaussian(gaussian, other);
  }

  /** What a level stands for, in [−1, 1]. */
  public static double value(int level) {
    checkArgument(0 <= level && level < LEVELS, "a level is in 0..255, was %s", level);
    return 2.0 * level / 255 - 1;
  }

  /** What levels stand for: float64 of their shape, in [−1, 1]. */
  public static Tensor values(Tensor levels) {
    double[] values = levels.doubles();
    for (int i = 0; i < values.length; i++) {
      values[i] = value((int) values[i]);
    }
    return Tensor.of(levels.shape(), values);
  }

  /**
   * The logarithm of the probability of a picture, nats an element.
   *
   * @param x of the distribution's shape, in [−1, 1]; meant to be levels' values
   * @return float64 of that shape
   */
  public Tensor logProbability(Tensor x) {
    checkArgument(
        x.shape().equals(gaussian.shape()),
        "a picture of shape %s does not fit a decoder of shape %s",
        x.shape(),
        gaussian.shape());
    double[] log = x.doubles();
    for (int i = 0; i < log.length; i++) {
      log[i] = Math.log(Math.max(probability(i, log[i]), FLOOR));
    }
    return Tensor.of(x.shape(), log);
  }

  /** The log-likelihood of each picture of a batch, nats: float64 [batch]. */
  public Tensor logLikelihood(Tensor x) {
    checkArgument(x.shape().rank() > 0, "a batch of pictures is needed, not a scalar");
    double[] each = logProbability(x).doubles();
    int batch = Math.toIntExact(x.shape().dim(0));
    double[] sums = new double[batch];
    for (int i = 0; i < each.length; i++) {
      sums[(int) ((long) i * batch / each.length)] += each[i];
    }
    return Tensor.of(Shape.of(batch), sums);
  }

  /** The log-probabilities of all levels: float64 [shape..., 256], nats. */
  public Tensor logProbabilities() {
    int elements = Math.toIntExact(gaussian.shape().elements());
    double[] log = new double[Math.multiplyExact(elements, LEVELS)];
    for (int i = 0; i < elements; i++) {
      for (int level = 0; level < LEVELS; level++) {
        log[i * LEVELS + level] = Math.log(Math.max(probability(i, value(level)), FLOOR));
      }
    }
    long[] dims = java.util.Arrays.copyOf(gaussian.shape().toArray(), gaussian.shape().rank() + 1);
    dims[dims.length - 1] = LEVELS;
    return Tensor.of(Shape.of(dims), log);
  }

  /** The most likely level of each pixel: uint8 of the distribution's shape. */
  public Tensor mostLikely() {
    return levels(this::mostLikely);
  }

  /**
   * A level of each pixel, drawn.
   *
   * @param noise one draw of the distribution's shape is taken; where it is exact, the level is the
   *     one nearest to mean + deviation · noise
   * @return uint8 of the distribution's shape
   */
  public Tensor sample(NoiseSource noise) {
    double[] z = noise.gaussian(gaussian.shape()).doubles();
    return levels(i -> quantile(i, NormalCdf.uniform(z[i])));
  }

  /** The mean of the level's value: float64 of the distribution's shape, in [−1, 1]. */
  public Tensor expected() {
    double[] expected = new double[Math.toIntExact(gaussian.shape().elements())];
    for (int i = 0; i < expected.length; i++) {
      double below = 0;
      for (int level = 0; level < LEVELS - 1; level++) {
        below += cdf.at(standardized(i, upperEdge(level)));
      }
      expected[i] = 1 - 2 * HALF * below; // summation by parts
    }
    return Tensor.of(gaussian.shape(), expected);
  }

  /** The probability of the interval around x. */
  private double probability(int i, double x) {
    double low = standardized(i, x - HALF);
    double high = standardized(i, x + HALF);
    return x < -0.999 ? cdf.at(high) : x > 0.999 ? 1 - cdf.at(low) : cdf.between(low, high);
  }

  /** Inside, the nearest to the mean; the outermost two reach to infinity and may beat it. */
  private int mostLikely(int i) {
    long nearest = Math.round((gaussian.mean(i) + 1) / (2 * HALF));
    int best = (int) Math.min(Math.max(nearest, 1), LEVELS - 2);
    for (int outermost : new int[] {0, LEVELS - 1}) {
      best = probability(i, value(outermost)) > probability(i, value(best)) ? outermost : best;
    }
    return best;
  }

  /** The lowest level whose upper edge the distribution function is at least u at. */
  private int quantile(int i, double u) {
    int low = 0;
    int high = LEVELS - 1;
    while (low < high) {
      int middle = (low + high) / 2;
      if (cdf.at(standardized(i, upperEdge(middle))) >= u) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private static double upperEdge(int level) {
    return value(level) + HALF;
  }

  private double standardized(int i, double x) {
    return (x - gaussian.mean(i)) * Math.exp(-0.5 * gaussian.logVariance(i));
  }

  private interface LevelOfPixel {
    int level(int i);
  }

  private Tensor levels(LevelOfPixel each) {
    ByteBuffer bytes = Tensor.allocate(DType.UINT8, gaussian.shape());
    for (int i = 0; i < bytes.limit(); i++) {
      bytes.put(i, (byte) each.level(i));
    }
    return Tensor.wrap(DType.UINT8, gaussian.shape(), bytes);
  }

  @Override
  public String toString() {
    return "DiscretizedGaussian" + gaussian.shape();
  }
}
