package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Optional;

/**
 * What a LoRA adds to one linear layer or convolution: up · down, scaled (Hu et al. 2021). With a
 * magnitude the sum's rows are brought to its lengths (DoRA, Liu et al. 2024). Immutable, as long
 * as its tensors are not written to.
 *
 * @param down A: [rank, in], or [rank, in, kernel height, kernel width]
 * @param up B: [out, rank], or [out, rank, 1, 1]
 * @param alpha what the product is scaled by, together with the rank
 * @param rankStabilized whether by alpha/√rank (rsLoRA, Kalajdzievski 2023) instead of alpha/rank
 * @param magnitude DoRA's lengths [out]; empty for a plain LoRA
 */
public record LoraModule(
    Tensor down, Tensor up, double alpha, boolean rankStabilized, Optional<Tensor> magnitude) {

  public LoraModule {
    Shape a = down.shape();
    Shape b = up.shape();
    checkArgument(
        (a.rank() == 2 || a.rank() == 4) && b.rank() == a.rank(),
        "down %s and up %s are no matrices or kernels",
        a,
        b);
    checkArgument(a.elements() > 0 && b.elements() > 0, "the rank is 0: down %s, up %s", a, b);
    checkArgument(a.dim(0) == b.dim(1), "down %s and up %s differ in rank", a, b);
    checkArgument(b.rank() == 2 || (b.dim(2) == 1 && b.dim(3) == 1), "up %s is no 1x1 kernel", b);
    checkArgument(Double.isFinite(alpha), "alpha is %s", alpha);
    checkArgument(
        magnitude.isEmpty() || magnitude.get().shape().equals(Shape.of(b.dim(0))),
        "the magnitude is %s, expected [%s]",
        magnitude,
        b.dim(0));
  }

  /** A plain LoRA scaled by alpha/rank. */
  public static LoraModule of(Tensor down, Tensor up, double alpha) {
    return new LoraModule(down, up, alpha, false, Optional.empty());
  }

  public int rank() {
    return Math.toIntExact(down.shape().dim(0));
  }

  /** What the product is multiplied by at strength 1. */
  public double scaling() {
    return rankStabilized ? alpha / Math.sqrt(rank()) : alpha / rank();
  }

  public boolean isConvolution() {
    return down.shape().rank() == 4;
  }

  /** The shape of the weight that it adapts. */
  public Shape weightShape() {
    return down.shape().withDim(0, up.shape().dim(0));
  }

  /**
   * In the form for a weight of this shape: trainers keep a 1×1 convolution's matrices as kernels
   * or not.
   *
   * @throws IllegalArgumentException if it does not fit
   */
  LoraModule fitting(Shape weight) {
    Shape own = weightShape();
    if (own.equals(weight)) {
      return this;
    }
    boolean pointwise = own.rank() == 2 || (own.dim(2) == 1 && own.dim(3) == 1);
    checkArgument(
        pointwise
            && weight.rank() >= 2
            && own.dim(0) == weight.dim(0)
            && own.dim(1) == weight.dim(1)
            && own.elements() == weight.elements(),
        "adapts a weight of shape %s, the model's has %s",
        own,
        weight);
    return new LoraModule(
        down.reshape(weight.withDim(0, rank())),
        up.reshape(weight.withDim(1, rank())),
        alpha,
        rankStabilized,
        magnitude);
  }
}
