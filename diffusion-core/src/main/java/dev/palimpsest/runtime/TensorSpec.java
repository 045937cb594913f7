package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Dim;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;

/** What a session takes or gives under one name: an element type and a shape, maybe symbolic. */
public record TensorSpec(String name, DType dtype, Dims dims) {
  public TensorSpec {
    requireNonNull(name);
    requireNonNull(dtype);
    requireNonNull(dims);
  }

  /** Whether a tensor has this type, this rank and the known sizes. */
  boolean admits(Tensor tensor) {
    return tensor.dtype() == dtype && admits(tensor.shape());
  }

  private boolean admits(Shape shape) {
    if (shape.rank() != dims.rank()) {
      return false;
    }
    for (int axis = 0; axis < shape.rank(); axis++) {
      Dim dim = dims.get(axis);
      if (dim.isKnown() && !dim.is(shape.dim(axis))) {
        return false;
      }
    }
    return true;
  }

  /** The name, type and shape. */
  @Override
  public String toString() {
    return name + " " + dtype + dims;
  }
}
