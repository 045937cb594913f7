package dev.palimpsest.examples.metrics;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.math3.util.MathArrays;

/** Vectors of features, one for each picture, in float64. Immutable. */
public final class FeatureSet {
  private final double[][] rows;

  private FeatureSet(double[][] rows) {
    this.rows = rows;
  }

  /**
   * The rows of a tensor.
   *
   * @param features [pictures, ...] of any floating type, at least one picture
   */
  public static FeatureSet of(Tensor features) {
    checkArgument(
        features.shape().rank() >= 2 && features.elements() > 0,
        "features must be [pictures, ...], were %s",
        features.shape());
    double[] values = features.doubles();
    int count = Math.toIntExact(features.shape().dim(0));
    int width = values.length / count;
    double[][] rows = new double[count][];
    for (int i = 0; i < count; i++) {
      rows[i] = Arrays.copyOfRange(values, i * width, (i + 1) * width);
    }
    return new FeatureSet(rows);
  }

  public int count() {
    return rows.length;
  }

  public int width() {
    return rows[0].length;
  }

  /** The rows at {@code indices}. */
  public FeatureSet select(int... indices) {
    return new FeatureSet(Arrays.stream(indices).mapToObj(i -> rows[i]).toArray(double[][]::new));
  }

  double dot(int i, FeatureSet other, int j) {
    double[] x = rows[i];
    double[] y = other.rows[j];
    double sum = 0;
    for (int k = 0; k < x.length; k++) {
      sum += x[k] * y[k];
    }
    return sum;
  }

  double distance(int i, FeatureSet other, int j) {
    return MathArrays.distance(rows[i], other.rows[j]);
  }

  /** The distances of row i to all rows of {@code other}. */
  public double[] distances(int i, FeatureSet other) {
    return IntStream.range(0, other.count()).mapToDouble(j -> distance(i, other, j)).toArray();
  }

  void checkComparable(FeatureSet other) {
    checkArgument(
        width() == other.width(),
        "features of widths %s and %s cannot be compared",
        width(),
        other.width());
  }
}
