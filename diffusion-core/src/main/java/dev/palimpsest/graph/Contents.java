package dev.palimpsest.graph;

import dev.palimpsest.graph.Operator.Inputs;
import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the contents of small integer values, in row-major order, pass through operators. Null stands
 * for unknown contents.
 */
final class Contents {
  /** Values with more elements are not followed. */
  static final int MOST = 64;

  private Contents() {}

  /** Where an element of an output comes from: fills {@code from} for the output's place. */
  interface Origin {
    void of(int[] place, int[] from);
  }

  /** The contents of an output whose elements are elements of {@code data}. */
  static @Nullable List<Dim> select(Value data, Dims out, Origin origin) {
    List<Dim> contents = data.contents();
    if (contents == null || !isSmall(data.dims()) || !isSmall(out)) {
      return null;
    }
    Shape shape = data.shape();
    int[] from = new int[shape.rank()];
    var selected = new ArrayList<Dim>();
    for (int[] place : places(out.shape())) {
      origin.of(place, from);
      selected.add(contents.get(offset(shape, from)));
    }
    return selected;
  }

  /** A result from one element of each operand; null if it is unknown. */
  interface Elementwise {
    @Nullable Dim of(List<Dim> operands);
  }

  /** The contents of an output to which the inputs broadcast. */
  static @Nullable List<Dim> elementwise(Inputs in, Dims out, Elementwise operation) {
    if (!isSmall(out)) {
      return null;
    }
    var operands = new ArrayList<List<Dim>>();
    for (int i = 0; i < in.count(); i++) {
      List<Dim> operand = expand(in.get(i), out);
      if (operand == null) {
        return null;
      }
      operands.add(operand);
    }
    var results = new ArrayList<Dim>();
    for (int i = 0; i < out.shape().elements(); i++) {
      int element = i;
      Dim result = operation.of(operands.stream().map(operand -> operand.get(element)).toList());
      if (result == null) {
        return null;
      }
      results.add(result);
    }
    return results;
  }

  /** The contents of {@code data} broadcast to {@code out}. */
  static @Nullable List<Dim> expand(Value data, Dims out) {
    int missing = out.rank() - data.dims().rank();
    return select(
        data,
        out,
        (place, from) -> {
          for (int axis = 0; axis < from.length; axis++) {
            from[axis] = data.dim(axis).is(1) ? 0 : place[axis + missing];
          }
        });
  }

  static boolean isSmall(Dims dims) {
    return dims.isKnown() && dims.shape().elements() <= MOST;
  }

  private static List<int[]> places(Shape shape) {
    var places = new ArrayList<int[]>();
    for (long i = 0; i < shape.elements(); i++) {
      int[] place = new int[shape.rank()];
      long rest = i;
      for (int axis = shape.rank() - 1; axis >= 0; axis--) {
        place[axis] = (int) (rest % shape.dim(axis));
        rest /= shape.dim(axis);
      }
      places.add(place);
    }
    return places;
  }

  private static int offset(Shape shape, int[] place) {
    long offset = 0;
    for (int axis = 0; axis < place.length; axis++) {
      offset = offset * shape.dim(axis) + place[axis];
    }
    return Math.toIntExact(offset);
  }
}
