package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The shape of a graph value, outermost dimension first; dimensions may be symbolic. Immutable. */
public final class Dims {
  private final List<Dim> dims;

  private Dims(List<Dim> dims) {
    this.dims = dims;
  }

  public static Dims of(List<Dim> dims) {
    return new Dims(List.copyOf(dims));
  }

  public static Dims of(Dim... dims) {
    return new Dims(List.of(dims));
  }

  public static Dims of(Shape shape) {
    return of(shape.toList().stream().map(Dim::of).collect(Collectors.toList()));
  }

  /** Known sizes. */
  public static Dims of(long... sizes) {
    return of(Shape.of(sizes));
  }

  /** Each element a size ({@link Integer} or {@link Long}), a symbol's name, or a {@link Dim}. */
  public static Dims parse(Object... sizes) {
    var dims = new ArrayList<Dim>();
    for (Object size : sizes) {
      if (size instanceof Dim) {
        dims.add((Dim) size);
      } else if (size instanceof Number) {
        dims.add(Dim.of(((Number) size).longValue()));
      } else {
        dims.add(Dim.symbol((String) size));
      }
    }
    return of(dims);
  }

  public int rank() {
    return dims.size();
  }

  /** The dimension on {@code axis}; a negative axis counts from the end. */
  public Dim get(int axis) {
    return dims.get(axis(axis));
  }

  public List<Dim> toList() {
    return dims;
  }

  public boolean isKnown() {
    return dims.stream().allMatch(Dim::isKnown);
  }

  /**
   * The sizes.
   *
   * @throws IllegalStateException if a dimension is symbolic
   */
  public Shape shape() {
    return Shape.of(dims.stream().mapToLong(Dim::size).toArray());
  }

  /** The number of elements, as a dimension. */
  public Dim elements() {
    Dim product = Dim.of(1);
    for (Dim dim : dims) {
      product = product.times(dim);
    }
    return product;
  }

  public Dims with(int axis, Dim dim) {
    var copy = new ArrayList<>(dims);
    copy.set(axis(axis), dim);
    return of(copy);
  }

  Dims bind(Map<String, Long> sizes) {
    return of(dims.stream().map(dim -> dim.bind(sizes)).collect(Collectors.toList()));
  }

  /** {@code axis} counted from the front. */
  int axis(int axis) {
    checkArgument(
        -rank() <= axis && axis < rank(), "axis %s is outside a shape of rank %s", axis, rank());
    return axis < 0 ? axis + rank() : axis;
  }

  /** The shape to which both broadcast, by ONNX's (numpy's) rules. */
  static Dims broadcast(Dims a, Dims b) {
    int rank = Math.max(a.rank(), b.rank());
    var out = new ArrayList<Dim>(rank);
    for (int i = 0; i < rank; i++) {
      int fromA = i - (rank - a.rank());
      int fromB = i - (rank - b.rank());
      Dim x = fromA < 0 ? Dim.of(1) : a.dims.get(fromA);
      Dim y = fromB < 0 ? Dim.of(1) : b.dims.get(fromB);
      checkArgument(
          x.equals(y) || x.is(1) || y.is(1) || !x.isKnown() || !y.isKnown(),
          "shapes %s and %s do not broadcast",
          a,
          b);
      // A symbol beside a known size above 1 can only stand for that size.
      out.add(x.is(1) || (!x.isKnown() && y.isKnown() && !y.is(1)) ? y : x);
    }
    return of(out);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Dims && dims.equals(((Dims) other).dims);
  }

  @Override
  public int hashCode() {
    return dims.hashCode();
  }

  @Override
  public String toString() {
    return dims.toString();
  }
}
