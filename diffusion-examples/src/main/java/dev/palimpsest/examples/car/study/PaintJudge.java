package dev.palimpsest.examples.car.study;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.examples.car.Paint;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RealVector;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * Tells a car's paint by {@link PaintStatistics} and linear discriminants (Fisher 1936; Rao 1948):
 * each colour has its mean, all share one covariance, which a multiple of the unit matrix is added
 * to. No network, so that no taste of a network's decides what colour a picture has. Thread-safe.
 */
final class PaintJudge {
  private static final double RIDGE = 0.02;

  private final double[] means;
  private final double[] deviations;
  private final Map<Paint, Discriminant> discriminants;

  /** A colour's score of a vector x is w·x − b. */
  private record Discriminant(RealVector weights, double offset) {
    double score(RealVector statistics) {
      return weights.dotProduct(statistics) - offset;
    }
  }

  /** A picture of a car whose paint is known. */
  record Sample(BufferedImage picture, Paint paint) {}

  private PaintJudge(double[] means, double[] deviations, Map<Paint, Discriminant> discriminants) {
    this.means = means;
    this.deviations = deviations;
    this.discriminants = discriminants;
  }

  /**
   * A judge calibrated on pictures.
   *
   * @throws IllegalArgumentException if a paint has no picture
   */
  static PaintJudge calibrate(List<Sample> samples) {
    List<double[]> rows =
        samples.stream().map(sample -> PaintStatistics.of(sample.picture)).toList();
    int width = rows.get(0).length;
    double[] means = new double[width];
    double[] deviations = new double[width];
    for (int i = 0; i < width; i++) {
      var column = new SummaryStatistics();
      for (double[] row : rows) {
        column.addValue(row[i]);
      }
      means[i] = column.getMean();
      deviations[i] = Math.max(column.getStandardDeviation(), 1e-9);
    }
    var judge = new PaintJudge(means, deviations, new LinkedHashMap<>());
    judge.discriminate(samples, rows.stream().map(judge::normal).toList());
    return judge;
  }

  private void discriminate(List<Sample> samples, List<RealVector> rows) {
    int width = means.length;
    RealMatrix within = new Array2DRowRealMatrix(width, width);
    Map<Paint, RealVector> centres = new LinkedHashMap<>();
    for (Paint paint : Paint.values()) {
      List<RealVector> own = new ArrayList<>();
      for (int i = 0; i < rows.size(); i++) {
        if (samples.get(i).paint == paint) {
          own.add(rows.get(i));
        }
      }
      checkArgument(!own.isEmpty(), "no picture of a %s car to calibrate on", paint.words());
      RealVector centre = new ArrayRealVector(width);
      own.forEach(row -> centre.combineToSelf(1, 1, row));
      centre.mapDivideToSelf(own.size());
      for (RealVector row : own) {
        RealVector apart = row.subtract(centre);
        within = within.add(apart.outerProduct(apart));
      }
      centres.put(paint, centre);
    }
    RealMatrix covariance =
        within
            .scalarMultiply(1.0 / rows.size())
            .add(MatrixUtils.createRealIdentityMatrix(width).scalarMultiply(RIDGE));
    var solver = new CholeskyDecomposition(covariance).getSolver();
    centres.forEach(
        (paint, centre) -> {
          RealVector weights = solver.solve(centre);
          discriminants.put(paint, new Discriminant(weights, weights.dotProduct(centre) / 2));
        });
  }

  private RealVector normal(double[] row) {
    double[] normal = new double[row.length];
    for (int i = 0; i < row.length; i++) {
      normal[i] = (row[i] - means[i]) / deviations[i];
    }
    return new ArrayRealVector(normal, false);
  }

  /** The paint of the car in a picture. */
  Paint paint(BufferedImage picture) {
    RealVector statistics = normal(PaintStatistics.of(picture));
    Paint best = Paint.RED;
    double highest = Double.NEGATIVE_INFINITY;
    for (Map.Entry<Paint, Discriminant> paint : discriminants.entrySet()) {
      double score = paint.getValue().score(statistics);
      if (score > highest) {
        highest = score;
        best = paint.getKey();
      }
    }
    return best;
  }
}
