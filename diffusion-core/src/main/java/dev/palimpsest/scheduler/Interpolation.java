package dev.palimpsest.scheduler;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.LUDecomposition;

/** Weights that integrate the polynomial through known values: what all multistep solvers share. */
final class Interpolation {
  private Interpolation() {}

  /**
   * The weights w with sum w_j f(r_j) = integral of f, for polynomials f of degree below their
   * number.
   *
   * @param nodes where f is known, all different
   * @param moments the integrals of 1, r, r², ..., as many as the weights
   */
  static double[] weights(double[] nodes, double[] moments) {
    int n = moments.length;
    if (n == 1) {
      return moments.clone();
    }
    double[][] powers = new double[n][n];
    for (int j = 0; j < n; j++) {
      powers[0][j] = 1;
      for (int i = 1; i < n; i++) {
        powers[i][j] = powers[i - 1][j] * nodes[j];
      }
    }
    return new LUDecomposition(new Array2DRowRealMatrix(powers, false))
        .getSolver()
        .solve(new ArrayRealVector(moments, false))
        .toArray();
  }

  /** The weights for the plain integral from 0 to 1: Adams-Bashforth on any nodes. */
  static double[] adamsBashforth(double... nodes) {
    double[] moments = new double[nodes.length];
    Arrays.setAll(moments, i -> 1.0 / (i + 1));
    return weights(nodes, moments);
  }
}
