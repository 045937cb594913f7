package dev.palimpsest.examples.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How far two sets of features cover each other (Kynkäänniemi et al. 2019). A set covers a feature
 * if one of its own is at least as near to it as to its own k-th nearest neighbour.
 *
 * @param precision the share of generated features that the real ones cover: fidelity
 * @param recall the share of real features that the generated ones cover: variety
 * @param neighbours k
 */
public record PrecisionRecall(double precision, double recall, int neighbours) {

  /**
   * @param neighbours k, from 1 and less than the features of either set; the paper's is 3
   */
  public static PrecisionRecall of(FeatureSet real, FeatureSet generated, int neighbours) {
    real.checkComparable(generated);
    int fewest = Math.min(real.count(), generated.count());
    checkArgument(
        1 <= neighbours && neighbours < fewest,
        "neighbours must be in 1..%s, were %s",
        fewest - 1,
        neighbours);
    return new PrecisionRecall(
        coverage(real, generated, neighbours), coverage(generated, real, neighbours), neighbours);
  }

  /** The share of {@code others} that {@code set} covers. */
  private static double coverage(FeatureSet set, FeatureSet others, int neighbours) {
    double[] radii =
        IntStream.range(0, set.count())
            .parallel()
            .mapToDouble(i -> radius(set, i, neighbours))
            .toArray();
    long covered =
        IntStream.range(0, others.count())
            .parallel()
            .filter(
                j ->
                    IntStream.range(0, set.count())
                        .anyMatch(i -> set.distance(i, others, j) <= radii[i]))
            .count();
    return (double) covered / others.count();
  }

  /** The distance to the k-th nearest neighbour; the nearest of all is the feature itself. */
  private static double radius(FeatureSet set, int i, int neighbours) {
    double[] distances = set.distances(i, set);
    Arrays.sort(distances);
    return distances[neighbours];
  }
}
