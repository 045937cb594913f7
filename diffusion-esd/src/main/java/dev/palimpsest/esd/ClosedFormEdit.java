package dev.palimpsest.esd;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.NonPositiveDefiniteMatrixException;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * A change to matrices that read embeddings, found without training: for each matrix W the W' that
 * minimises Σ s_i ‖W' c_i − W t_i‖² + λ ‖W' − W‖², where embeddings c_i are to be read as W reads
 * t_i (Gandikota et al., WACV 2024). Computed in float64. Immutable and thread-safe.
 */
public final class ClosedFormEdit {
  /*
   * With embeddings as the columns of C and T and S = diag(s), the minimum is at
   * W' = (λ W + W T S Cᵀ) (λ I + C S Cᵀ)⁻¹ = W + W (T − C) S Cᵀ (λ I + C S Cᵀ)⁻¹,
   * so that one solution serves all matrices. Where there are fewer embeddings than they are wide
   * the smaller system S Cᵀ (λ I + C S Cᵀ)⁻¹ = (λ S⁻¹ + Cᵀ C)⁻¹ Cᵀ is solved instead.
   */

  /** A pivot below this share of the largest diagonal element counts as zero. */
  private static final double SINGULAR = 1e-13;

  private static final double ASYMMETRY = 1e-9;

  private final double lambda;
  private final List<Row> rows;
  private final Supplier<Solution> solution = Suppliers.memoize(this::solve);

  private record Row(RealMatrix concept, RealMatrix target, double weight) {}

  /** W' = W + W left right. */
  private record Solution(RealMatrix left, RealMatrix right) {}

  private ClosedFormEdit(double lambda, List<Row> rows) {
    this.lambda = lambda;
    this.rows = rows;
  }

  /**
   * An edit that changes nothing yet.
   *
   * @param lambda how much matrices hold on to what they were; with 0 embeddings are mapped
   *     exactly, which works as long as none depends on the others
   */
  public static ClosedFormEdit of(double lambda) {
    checkArgument(
        lambda >= 0 && lambda < Double.POSITIVE_INFINITY, "lambda must be >= 0, was %s", lambda);
    return new ClosedFormEdit(lambda, List.of());
  }

  /**
   * This edit that also lets concepts be read as targets.
   *
   * @param concepts float [embeddings, width]
   * @param targets of the same shape
   * @param weight above 0
   */
  public ClosedFormEdit map(Tensor concepts, Tensor targets, double weight) {
    checkArgument(
        weight > 0 && weight < Double.POSITIVE_INFINITY, "a weight must be > 0, was %s", weight);
    checkArgument(
        concepts.shape().rank() == 2 && concepts.shape().equals(targets.shape()),
        "concepts and targets must both be [embeddings, width], were %s and %s",
        concepts.shape(),
        targets.shape());
    var all = new ArrayList<>(rows);
    all.add(new Row(matrix(concepts), matrix(targets), weight));
    checkArgument(
        width(all.get(0)) == width(all.get(rows.size())),
        "embeddings of width %s beside some of width %s",
        width(all.get(rows.size())),
        width(all.get(0)));
    return new ClosedFormEdit(lambda, List.copyOf(all));
  }

  /** This edit that also holds what matrices give for these embeddings. */
  public ClosedFormEdit keep(Tensor embeddings, double weight) {
    return map(embeddings, embeddings, weight);
  }

  /**
   * The edited matrix.
   *
   * @param matrix float [any, width], such as a key projection
   * @return float32 of the same shape
   * @throws IllegalStateException if the system is singular
   */
  public Tensor apply(Tensor matrix) {
    if (rows.isEmpty()) {
      return Tensor.of(matrix.shape(), matrix.floats());
    }
    checkArgument(
        matrix.shape().rank() == 2 && matrix.shape().dim(1) == width(rows.get(0)),
        "a matrix of shape %s does not read embeddings of width %s",
        matrix.shape(),
        width(rows.get(0)));
    RealMatrix old = matrix(matrix);
    Solution solved = requireNonNull(solution.get());
    return tensor(old.add(old.multiply(solved.left).multiply(solved.right)));
  }

  private Solution solve() {
    int count = rows.stream().mapToInt(row -> row.concept.getRowDimension()).sum();
    int width = width(rows.get(0));
    RealMatrix concepts = MatrixUtils.createRealMatrix(count, width);
    RealMatrix shifts = MatrixUtils.createRealMatrix(count, width);
    double[] weights = new double[count];
    int at = 0;
    for (Row row : rows) {
      concepts.setSubMatrix(row.concept.getData(), at, 0);
      shifts.setSubMatrix(row.target.subtract(row.concept).getData(), at, 0);
      for (int end = at + row.concept.getRowDimension(); at < end; at++) {
        weights[at] = row.weight;
      }
    }
    return count <= width
        ? ofEmbeddings(concepts, shifts, weights)
        : ofWidth(concepts, shifts, weights);
  }

  /** T − C and (λ S⁻¹ + Cᵀ C)⁻¹ Cᵀ, of rows that are embeddings. */
  private Solution ofEmbeddings(RealMatrix concepts, RealMatrix shifts, double[] weights) {
    RealMatrix system = concepts.multiply(concepts.transpose());
    for (int i = 0; i < weights.length; i++) {
      system.addToEntry(i, i, lambda / weights[i]);
    }
    return new Solution(shifts.transpose(), solve(system, concepts));
  }

  /** (T − C) S Cᵀ and (λ I + C S Cᵀ)⁻¹, of rows that are embeddings. */
  private Solution ofWidth(RealMatrix concepts, RealMatrix shifts, double[] weights) {
    RealMatrix weighted = concepts.copy();
    for (int i = 0; i < weights.length; i++) {
      weighted.setRowVector(i, weighted.getRowVector(i).mapMultiplyToSelf(weights[i]));
    }
    RealMatrix system = concepts.transpose().multiply(weighted);
    int width = system.getRowDimension();
    for (int i = 0; i < width; i++) {
      system.addToEntry(i, i, lambda);
    }
    RealMatrix identity = MatrixUtils.createRealIdentityMatrix(width);
    return new Solution(shifts.transpose().multiply(weighted), solve(system, identity));
  }

  private RealMatrix solve(RealMatrix system, RealMatrix right) {
    double largest = 0;
    for (int i = 0; i < system.getRowDimension(); i++) {
      largest = Math.max(largest, system.getEntry(i, i));
    }
    try {
      return new CholeskyDecomposition(system, ASYMMETRY, SINGULAR * largest)
          .getSolver()
          .solve(right);
    } catch (NonPositiveDefiniteMatrixException e) {
      throw new IllegalStateException(
          String.format(
              "with lambda %s the %d embeddings leave the edit open (singular system): some depend"
                  + " on the others; give a larger lambda, or leave some out",
              lambda, rows.stream().mapToInt(row -> row.concept.getRowDimension()).sum()),
          e);
    }
  }

  private static int width(Row row) {
    return row.concept.getColumnDimension();
  }

  private static RealMatrix matrix(Tensor tensor) {
    int height = Math.toIntExact(tensor.shape().dim(0));
    int width = Math.toIntExact(tensor.shape().dim(1));
    double[] values = tensor.doubles();
    RealMatrix matrix = MatrixUtils.createRealMatrix(height, width);
    for (int i = 0; i < values.length; i++) {
      checkArgument(Double.isFinite(values[i]), "%s holds %s", tensor, values[i]);
      matrix.setEntry(i / width, i % width, values[i]);
    }
    return matrix;
  }

  private static Tensor tensor(RealMatrix matrix) {
    int width = matrix.getColumnDimension();
    float[] values = new float[matrix.getRowDimension() * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) matrix.getEntry(i / width, i % width);
    }
    return Tensor.of(Shape.of(matrix.getRowDimension(), width), values);
  }
}
