package dev.palimpsest.autodiff;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleSupplier;

/** Random shapes, attributes and inputs of one sample of a rule. */
final class Draw {
  private final Random random;
  final DType dtype;
  final Map<Value, double[]> inputs = new LinkedHashMap<>();

  Draw(long seed, DType dtype) {
    this.random = new Random(seed);
    this.dtype = dtype;
  }

  /** Both bounds included. */
  int between(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  boolean flip() {
    return random.nextBoolean();
  }

  @SafeVarargs
  final <T> T oneOf(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  long[] shape(int rank) {
    return random.longs(rank, 1, 5).toArray();
  }

  long[] shape() {
    return shape(between(1, 4));
  }

  /** A shape that broadcasts to another: axes dropped in front, others of size 1. */
  long[] narrower(long[] shape) {
    long[] out = Arrays.copyOfRange(shape, between(0, shape.length), shape.length);
    for (int i = 0; i < out.length; i++) {
      out[i] = flip() ? 1 : out[i];
    }
    return out;
  }

  /** One axis, sometimes counted from the end. */
  int axis(int rank) {
    return between(flip() ? -rank : 0, rank - 1);
  }

  /** Some different axes. */
  long[] axes(int rank) {
    var all = new ArrayList<Long>();
    for (long axis = 0; axis < rank; axis++) {
      all.add(flip() ? axis : axis - rank);
    }
    Collections.shuffle(all, random);
    return all.subList(0, between(1, rank)).stream().mapToLong(Long::longValue).toArray();
  }

  long[] permutation(int rank) {
    var all = new ArrayList<Long>();
    for (long axis = 0; axis < rank; axis++) {
      all.add(axis);
    }
    Collections.shuffle(all, random);
    return all.stream().mapToLong(Long::longValue).toArray();
  }

  /** An input with elements around 0. */
  Value x(long... shape) {
    return input(shape, () -> 3 * random.nextDouble() - 1.5);
  }

  Value positive(long... shape) {
    return input(shape, () -> 0.5 + 1.5 * random.nextDouble());
  }

  /** An input whose elements are 0.4 apart from each other and 0.2 from 0. */
  Value apart(long... shape) {
    int count = (int) Shape.of(shape).elements();
    var values = new ArrayList<Double>();
    for (int i = 0; i < count; i++) {
      values.add((i - count / 2 + 0.5) * 0.4);
    }
    Collections.shuffle(values, random);
    var next = values.iterator();
    return input(shape, next::next);
  }

  private Value input(long[] shape, DoubleSupplier elements) {
    Value value = Value.input("x" + inputs.size(), dtype, Dims.of(shape));
    inputs.put(value, numbers((int) Shape.of(shape).elements(), elements));
    return value;
  }

  /** Numbers of the sample's type that have no gradient. */
  Value fixed(long... shape) {
    return Value.constant(
        Tensor.of(
                Shape.of(shape),
                numbers((int) Shape.of(shape).elements(), () -> random.nextDouble() - 0.5))
            .as(dtype));
  }

  Value scalar(double value) {
    return Value.constant(Tensor.of(Shape.scalar(), value).as(dtype));
  }

  /** Random integers below a bound. */
  Value indices(long bound, long... shape) {
    long[] values = random.longs(Shape.of(shape).elements(), 0, bound).toArray();
    return Value.constant(Tensor.of(Shape.of(shape), values));
  }

  /** Numbers between -1 and 1. */
  double[] direction(long count) {
    return numbers((int) count, () -> 2 * random.nextDouble() - 1);
  }

  private static double[] numbers(int count, DoubleSupplier elements) {
    double[] values = new double[count];
    Arrays.setAll(values, i -> elements.getAsDouble());
    return values;
  }
}
