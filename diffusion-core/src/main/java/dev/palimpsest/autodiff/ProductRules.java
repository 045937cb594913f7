package dev.palimpsest.autodiff;

import static dev.palimpsest.autodiff.GradientRules.row;
import static dev.palimpsest.autodiff.Ops.op;
import static dev.palimpsest.autodiff.Ops.swapped;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;

/** Rules of matrix products and of attention. */
final class ProductRules {
  private ProductRules() {}

  static void add() {
    row("MatMul", ProductRules::left, ProductRules::right);
    row("Gemm", ProductRules::gemmLeft, ProductRules::gemmRight, ProductRules::gemmBias);
    row("com.microsoft.FusedMatMul", ProductRules::fusedLeft, ProductRules::fusedRight);
    row(
        "com.microsoft.MultiHeadAttention",
        AttentionGradient::query,
        AttentionGradient::key,
        AttentionGradient::value);
  }

  private static Value left(Backward b) {
    return b.dy().matmul(swapped(b.x(1)));
  }

  /**
   * Of a matrix by which many rows are multiplied: one product over all rows, made as the transpose
   * of the result, which a transposed weight, as linear layers have it, undoes.
   */
  private static Value right(Backward b) {
    return b.shape(1).rank() == 2
        ? swapped(product(rows(b.dy()), true, rows(b.x(0)), false, 1))
        : swapped(b.x(0)).matmul(b.dy());
  }

  /** As a matrix of the last axis' vectors. */
  private static Value rows(Value value) {
    Shape shape = value.shape();
    return shape.rank() == 2 ? value : value.reshape(-1, shape.dim(shape.rank() - 1));
  }

  /** op(a)·op(b)·scale of matrices. */
  private static Value product(Value a, boolean transA, Value b, boolean transB, float scale) {
    Attributes attributes =
        Attributes.NONE
            .with("transA", transA ? 1L : 0L)
            .with("transB", transB ? 1L : 0L)
            .with("alpha", scale);
    return op("Gemm", attributes, a, b);
  }

  private static boolean flag(Backward b, String name) {
    return b.attributes().integer(name, 0) == 1;
  }

  private static float scale(Backward b) {
    return b.attributes().number("alpha", 1);
  }

  private static Value gemmLeft(Backward b) {
    boolean transB = flag(b, "transB");
    return flag(b, "transA")
        ? product(b.x(1), transB, b.dy(), true, scale(b))
        : product(b.dy(), false, b.x(1), !transB, scale(b));
  }

  private static Value gemmRight(Backward b) {
    boolean transA = flag(b, "transA");
    return flag(b, "transB")
        ? product(b.dy(), true, b.x(0), transA, scale(b))
        : product(b.x(0), !transA, b.dy(), false, scale(b));
  }

  private static Value gemmBias(Backward b) {
    float beta = b.attributes().number("beta", 1);
    return beta == 1 ? b.dy() : b.dy().mul(beta);
  }

  private static Value fusedLeft(Backward b) {
    Value right = flag(b, "transB") ? b.x(1) : swapped(b.x(1));
    Value dx = scaledGradient(b).matmul(right);
    return flag(b, "transA") ? swapped(dx) : dx;
  }

  private static Value fusedRight(Backward b) {
    Value left = flag(b, "transA") ? b.x(0) : swapped(b.x(0));
    Value dx = left.matmul(scaledGradient(b));
    return flag(b, "transB") ? swapped(dx) : dx;
  }

  private static Value scaledGradient(Backward b) {
    if (flag(b, "transBatchA") || flag(b, "transBatchB")) {
      throw b.unsupported("transposed batches have no rule");
    }
    return scale(b) == 1 ? b.dy() : b.dy().mul(scale(b));
  }
}
