package dev.palimpsest.examples.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * The kernel distance of two sets of features: the squared maximum mean discrepancy under the
 * kernel k(x, y) = (x·y / width + 1)³, by an unbiased estimator, which can be below 0. On
 * Inception's features it is the KID of Bińkowski et al. 2018.
 *
 * <p>Where both sets have as many features of each class, pairs of one class are rarer among
 * different features of a set than in the mixture that it stands for; so means are taken for each
 * pair of classes and then averaged. With one class that is the usual estimator.
 *
 * @param value the estimate from all features
 * @param blockMean the mean of estimates from disjoint blocks of both sets
 * @param standardError of that mean; that of {@code value} is smaller or alike
 * @param blocks how many
 */
public record KernelDistance(double value, double blockMean, double standardError, int blocks) {

  /**
   * The distance of two sets, each in a random order but for its classes.
   *
   * @param classes of which each set has the same number of features, class by class; 1 if features
   *     are independent draws
   * @param blocks of how many the standard error is made, from 2; each has at least 2 features of
   *     each class of each set
   */
  public static KernelDistance of(FeatureSet a, FeatureSet b, int classes, int blocks) {
    a.checkComparable(b);
    for (FeatureSet set : new FeatureSet[] {a, b}) {
      checkArgument(
          blocks >= 2 && set.count() % classes == 0 && set.count() / classes / blocks >= 2,
          "%s features of %s classes cannot make %s blocks with 2 and more of each; at least 2"
              + " blocks are needed",
          set.count(),
          classes,
          blocks);
    }
    var estimates = new SummaryStatistics();
    for (int k = 0; k < blocks; k++) {
      estimates.addValue(
          squaredDiscrepancy(block(a, classes, blocks, k), block(b, classes, blocks, k), classes));
    }
    return new KernelDistance(
        squaredDiscrepancy(a, b, classes),
        estimates.getMean(),
        estimates.getStandardDeviation() / Math.sqrt(blocks),
        blocks);
  }

  /** The k-th share of each class. */
  private static FeatureSet block(FeatureSet set, int classes, int blocks, int k) {
    int perClass = set.count() / classes;
    int share = perClass / blocks;
    return set.select(
        IntStream.range(0, classes * share)
            .map(i -> i / share * perClass + k * share + i % share)
            .toArray());
  }

  /** The unbiased estimate from all features: a feature is never compared with itself. */
  static double squaredDiscrepancy(FeatureSet a, FeatureSet b, int classes) {
    double across = 0;
    for (int i = 0; i < a.count(); i++) {
      for (int j = 0; j < b.count(); j++) {
        across += kernel(a, i, b, j);
      }
    }
    double pairs = (double) a.count() * b.count();
    return within(a, classes) + within(b, classes) - 2 * across / pairs;
  }

  private static double within(FeatureSet a, int classes) {
    int perClass = a.count() / classes;
    double same = 0;
    double other = 0;
    for (int i = 0; i < a.count(); i++) {
      for (int j = 0; j < i; j++) {
        double twice = 2 * kernel(a, i, a, j);
        if (i / perClass == j / perClass) {
          same += twice;
        } else {
          other += twice;
        }
      }
    }
    double ofSame = same / perClass / (perClass - 1);
    double ofOther = other / perClass / perClass;
    return (ofSame + ofOther) / classes / classes;
  }

  private static double kernel(FeatureSet a, int i, FeatureSet b, int j) {
    double k = a.dot(i, b, j) / a.width() + 1;
    return k * k * k;
  }
}
