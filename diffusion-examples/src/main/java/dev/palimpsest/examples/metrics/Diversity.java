package dev.palimpsest.examples.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How different the pictures of a class are: the mean Euclidean distance over all pairs.
 *
 * @param perClass by label
 */
public record Diversity(List<Double> perClass) {

  public Diversity {
    perClass = List.copyOf(perClass);
  }

  /**
   * @param features the same number of rows for each class, class by class
   */
  public static Diversity of(FeatureSet features, int classes) {
    checkArgument(
        features.count() % classes == 0 && features.count() / classes >= 2,
        "%s features are not %s classes of the same number, 2 or more",
        features.count(),
        classes);
    int size = features.count() / classes;
    List<Double> means = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      means.add(meanDistance(features.select(IntStream.range(c * size, (c + 1) * size).toArray())));
    }
    return new Diversity(means);
  }

  /** The mean over the classes. */
  public double mean() {
    return perClass.stream().mapToDouble(Double::doubleValue).sum() / perClass.size();
  }

  private static double meanDistance(FeatureSet set) {
    double sum = 0;
    for (int i = 0; i < set.count(); i++) {
      for (int j = 0; j < i; j++) {
        sum += set.distance(i, set, j);
      }
    }
    return sum / (set.count() * (set.count() - 1) / 2.0);
  }
}
