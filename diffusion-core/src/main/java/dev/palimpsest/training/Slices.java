package dev.palimpsest.training;

import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/** Pieces of named tensors that are worked on in parallel; results do not depend on the threads. */
record Slices(List<Slice> slices) {
  /** A few hundred microseconds of work. */
  private static final int SIZE = 1 << 17;

  /** Elements {@code from} to {@code from + count} of a tensor. */
  record Slice(String name, int from, int count) {}

  static Slices of(Map<String, Shape> shapes) {
    var slices = new ArrayList<Slice>();
    shapes.forEach(
        (name, shape) -> {
          int elements = Math.toIntExact(shape.elements());
          for (int from = 0; from < elements; from += SIZE) {
            slices.add(new Slice(name, from, Math.min(SIZE, elements - from)));
          }
        });
    return new Slices(slices);
  }

  void forEach(Consumer<Slice> work) {
    slices.parallelStream().forEach(work);
  }

  /** The sum over all slices, added in their order. */
  double sum(ToDoubleFunction<Slice> term) {
    double sum = 0;
    for (double part : slices.parallelStream().mapToDouble(term).toArray()) {
      sum += part;
    }
    return sum;
  }
}
