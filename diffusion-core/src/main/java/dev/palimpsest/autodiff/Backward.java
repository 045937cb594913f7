package dev.palimpsest.autodiff;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One application of an operator as its rules see it: x are its inputs, y its outputs, dy the
 * gradients that arrived at the outputs.
 */
final class Backward {
  private final Node node;
  private final List<@Nullable Value> inputs;
  private final List<@Nullable Value> dys;
  private final Recomputation.Forward forward;
  private final Map<String, Value> shared = new HashMap<>();

  Backward(
      Node node,
      List<@Nullable Value> inputs,
      List<@Nullable Value> dys,
      Recomputation.Forward forward) {
    this.node = node;
    this.inputs = inputs;
    this.dys = dys;
    this.forward = forward;
  }

  /** The gradient of the operator's only output. */
  Value dy() {
    return requireNonNull(dys.get(0));
  }

  /** The gradient of an output, or null if none arrived. */
  @Nullable Value dy(int output) {
    return dys.get(output);
  }

  /** An input. */
  Value x(int index) {
    return forward.value(input(index));
  }

  /** The first input. */
  Value x() {
    return x(0);
  }

  boolean has(int index) {
    return index < inputs.size() && inputs.get(index) != null;
  }

  int count() {
    return inputs.size();
  }

  /** The operator's only output. */
  Value y() {
    return forward.value(node.outputs().get(0));
  }

  Shape outputShape(int index) {
    return known(node.outputs().get(index));
  }

  Shape shape(int index) {
    return known(input(index));
  }

  private static Shape known(Value value) {
    checkArgument(value.dims().isKnown(), "the shape of %s is not known; bind the graph", value);
    return value.shape();
  }

  /** An input as the graph has it: for its type and its constant, not to compute with. */
  Value input(int index) {
    return requireNonNull(inputs.get(index), () -> "input " + index + " of " + node);
  }

  String operator() {
    return node.name();
  }

  Attributes attributes() {
    return node.attributes();
  }

  /** The elements of an input that holds sizes or axes. */
  long[] integers(int index) {
    long[] integers = input(index).integers();
    if (integers == null) {
      throw unsupported("input " + index + " is not known before a run");
    }
    return integers;
  }

  /** {@code axis} counted from the front of the first input. */
  int axis(long axis) {
    return (int) (axis < 0 ? axis + shape(0).rank() : axis);
  }

  /** What several inputs' rules need, made once. */
  Value once(String name, Supplier<Value> maker) {
    Value value = shared.get(name);
    if (value == null) {
      value = maker.get();
      shared.put(name, value);
    }
    return value;
  }

  UnsupportedModelException unsupported(String why) {
    return new UnsupportedModelException("no gradient of " + node + ": " + why);
  }
}
