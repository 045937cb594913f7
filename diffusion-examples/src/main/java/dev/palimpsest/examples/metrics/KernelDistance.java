package dev.palimpsest.examples.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.stream.IntStream;
import org.apache.commons.math3.random.MersenneTwister;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.apache.commons.math3.util.MathArrays;

/**
 * The kernel distance of two sets of features: the squared maximum mean discrepancy under the
 * kernel k(x, y) = (x·y / width + 1)³, by its unbiased estimator, which can be below 0. On
 * Inception's features it is the KID of Bińkowski et al. 2018.
 *
 * @param value the estimate from all features
 * @param blockMean the mean of estimates from disjoint blocks of both sets
 * @param standardError of that mean; that of {@code value} is smaller
 * @param blocks how many
 * @param blockSize features of each set in a block
 */
public record KernelDistance(
    double value, double blockMean, double standardError, int blocks, int blockSize) {

  /**
   * The distance of two sets.
   *
   * @param blocks of how many the standard error is made, from 2; each has at least 2 features of
   *     each set
   * @param seed of the shuffling into blocks
   */
  public static KernelDistance of(FeatureSet a, FeatureSet b, int blocks, int seed) {
    a.checkComparable(b);
    int size = Math.min(a.count(), b.count()) / Math.max(blocks, 1);
    checkArgument(
        blocks >= 2 && size >= 2,
        "%s and %s features cannot make %s blocks of 2 and more; at least 2 blocks are needed",
        a.count(),
        b.count(),
        blocks);
    var random = new MersenneTwister(seed);
    int[] orderA = MathArrays.natural(a.count());
    int[] orderB = MathArrays.natural(b.count());
    MathArrays.shuffle(orderA, random);
    MathArrays.shuffle(orderB, random);
    var estimates = new SummaryStatistics();
    for (int k = 0; k < blocks; k++) {
      int[] rows = IntStream.range(k * size, (k + 1) * size).toArray();
      estimates.addValue(
          squaredDiscrepancy(
              a.select(IntStream.of(rows).map(i -> orderA[i]).toArray()),
              b.select(IntStream.of(rows).map(i -> orderB[i]).toArray())));
    }
    return new KernelDistance(
        squaredDiscrepancy(a, b),
        estimates.getMean(),
        estimates.getStandardDeviation() / Math.sqrt(blocks),
        blocks,
        size);
  }

  /** The unbiased estimate from all features: a feature is never compared with itself. */
  static double squaredDiscrepancy(FeatureSet a, FeatureSet b) {
    double within = within(a) + within(b);
    double across = 0;
    for (int i = 0; i < a.count(); i++) {
      for (int j = 0; j < b.count(); j++) {
        across += kernel(a, i, b, j);
      }
    }
    return within - 2 * across / ((double) a.count() * b.count());
  }

  private static double within(FeatureSet a) {
    double sum = 0;
    for (int i = 0; i < a.count(); i++) {
      for (int j = 0; j < i; j++) {
        sum += 2 * kernel(a, i, a, j);
      }
    }
    return sum / ((double) a.count() * (a.count() - 1));
  }

  private static double kernel(FeatureSet a, int i, FeatureSet b, int j) {
    double k = a.dot(i, b, j) / a.width() + 1;
    return k * k * k;
  }
}
