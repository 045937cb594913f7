package dev.palimpsest.tensor;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.Longs;
import java.util.Arrays;
import java.util.List;

/** The dimensions of a tensor, outermost first. A scalar has rank 0. Immutable. */
public final class Shape {
  private static final Shape SCALAR = new Shape(new long[0]);

  private final long[] dims;

  private Shape(long[] dims) {
    this.dims = dims;
  }

  /**
   * @throws IllegalArgumentException if a dimension is negative or the number of elements exceeds
   *     {@link Long#MAX_VALUE}
   */
  public static Shape of(long... dims) {
    var shape = new Shape(dims.clone());
    long elements = 1;
    for (long dim : dims) {
      checkArgument(dim >= 0, "a dimension must be >= 0, was %s in %s", dim, shape);
      long high = Math.multiplyHigh(elements, dim);
      elements *= dim;
      checkArgument(high == 0 && elements >= 0, "too many elements in shape %s", shape);
    }
    return shape;
  }

  public static Shape scalar() {
    return SCALAR;
  }

  public int rank() {
    return dims.length;
  }

  /** The dimension on {@code axis}; a negative axis counts from the end. */
  public long dim(int axis) {
    return dims[axis < 0 ? axis + dims.length : axis];
  }

  /** The number of elements; 1 for a scalar. */
  public long elements() {
    long elements = 1;
    for (long dim : dims) {
      elements *= dim;
    }
    return elements;
  }

  public long[] toArray() {
    return dims.clone();
  }

  public List<Long> toList() {
    return List.copyOf(Longs.asList(dims));
  }

  /** This shape with {@code size} on {@code axis}. */
  public Shape withDim(int axis, long size) {
    long[] copy = dims.clone();
    copy[axis < 0 ? axis + dims.length : axis] = size;
    return of(copy);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape && Arrays.equals(dims, ((Shape) other).dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.toString(dims);
  }
}
