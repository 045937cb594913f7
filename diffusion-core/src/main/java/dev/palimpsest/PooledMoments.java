package dev.palimpsest;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/**
 * Means and variances of groups, put together from those of parts (Chan, Golub and LeVeque 1979,
 * equation 1.5). One thread.
 */
final class PooledMoments {
  private double count;
  private double[] means = {};
  private double[] squares = {};

  /**
   * @param size how many values the part has
   * @param partMeans one a group
   * @param partVariances one a group, without Bessel's correction
   */
  void add(double size, float[] partMeans, float[] partVariances) {
    if (means.length == 0) {
      means = new double[partMeans.length];
      squares = new double[partMeans.length];
    }
    double all = count + size;
    for (int group = 0; group < means.length; group++) {
      double distance = partMeans[group] - means[group];
      means[group] += distance * size / all;
      squares[group] += partVariances[group] * size + distance * distance * count * size / all;
    }
    count = all;
  }

  /** float32 [1, groups, 1]. */
  Tensor mean() {
    return tensor(means);
  }

  /** float32 [1, groups, 1]. */
  Tensor variance() {
    double[] variances = new double[squares.length];
    for (int group = 0; group < variances.length; group++) {
      variances[group] = squares[group] / count;
    }
    return tensor(variances);
  }

  private static Tensor tensor(double[] values) {
    return Tensor.of(Shape.of(1, values.length, 1), values).as(DType.FLOAT32);
  }
}
