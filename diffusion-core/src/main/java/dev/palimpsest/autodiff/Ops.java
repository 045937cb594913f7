package dev.palimpsest.autodiff;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The words in which rules are written: operators by name, on known shapes. */
final class Ops {
  private Ops() {}

  static Value op(String operator, @Nullable Value... inputs) {
    return op(operator, Attributes.NONE, inputs);
  }

  static Value op(String operator, Attributes attributes, @Nullable Value... inputs) {
    return Node.apply(operator, attributes, Arrays.asList(inputs)).get(0);
  }

  static Value scalar(DType dtype, double value) {
    return Value.constant(Tensor.of(Shape.scalar(), value).as(dtype));
  }

  /** A tensor of one number. */
  static Value fill(DType dtype, Shape shape, double value) {
    if (shape.rank() == 0) {
      return scalar(dtype, value);
    }
    Tensor element = Tensor.of(Shape.of(1), value).as(dtype);
    return op(
        "ConstantOfShape", Attributes.NONE.with("value", element), Value.constant(shape.toArray()));
  }

  static Value zeros(Value like) {
    return fill(like.dtype(), like.shape(), 0);
  }

  /** {@code number - value}. */
  static Value minus(double number, Value value) {
    return scalar(value.dtype(), number).sub(value);
  }

  /** {@code value · factor}, the factor exact in the value's type. */
  static Value times(Value value, double factor) {
    return value.mul(scalar(value.dtype(), factor));
  }

  static Value square(Value value) {
    return value.mul(value);
  }

  static Value reshape(Value value, Shape shape) {
    return value.shape().equals(shape) ? value : reshape(value, shape.toArray());
  }

  /** To sizes of which one may be -1. */
  static Value reshape(Value value, long... sizes) {
    return value.reshape(sizes);
  }

  static Value expand(Value value, Shape shape) {
    return value.shape().equals(shape) ? value : value.expand(Value.constant(shape.toArray()));
  }

  /** The transposition; of a transposed value, what was transposed if both cancel. */
  static Value transpose(Value value, long... permutation) {
    Node node = value.node();
    if (node != null && node.name().equals("Transpose")) {
      List<Long> first = node.attributes().integers("perm");
      Value origin = node.inputs().get(0);
      if (first != null && origin != null && cancels(first, permutation)) {
        return origin;
      }
    }
    return value.transpose(permutation);
  }

  private static boolean cancels(List<Long> first, long[] second) {
    for (int i = 0; i < second.length; i++) {
      if (first.get((int) second[i]) != i) {
        return false;
      }
    }
    return true;
  }

  /** With the last two axes swapped. */
  static Value swapped(Value value) {
    long[] permutation = new long[value.dims().rank()];
    Arrays.setAll(permutation, i -> i);
    permutation[permutation.length - 2] = permutation.length - 1;
    permutation[permutation.length - 1] = permutation.length - 2;
    return transpose(value, permutation);
  }

  /** Slices of several axes. */
  static Value slice(Value value, long[] axes, long[] from, long[] to, long[] steps) {
    return op(
        "Slice",
        value,
        Value.constant(from),
        Value.constant(to),
        Value.constant(axes),
        Value.constant(steps));
  }

  /** 1 where the condition holds, 0 elsewhere. */
  static Value mask(Value condition, DType dtype) {
    return condition.cast(dtype);
  }

  /** {@code value} where the condition holds, 0 elsewhere. */
  static Value select(Value condition, Value value) {
    return condition.where(value, scalar(value.dtype(), 0));
  }

  static Value reject(Value condition, Value value) {
    return condition.where(scalar(value.dtype(), 0), value);
  }
}
