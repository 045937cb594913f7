package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableSet;
import dev.palimpsest.tensor.DType;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An ONNX operator as data: its name and domain, how many inputs it takes, the attributes it knows,
 * and how the types and shapes of its outputs follow from its inputs. The table is {@link
 * Operators}.
 */
final class Operator {
  /**
   * What is known of a value before a run: element type, shape, and for small integer vectors their
   * contents, which is how shapes that a graph computes are followed.
   */
  record Type(DType dtype, Dims dims, @Nullable List<Dim> contents) {
    static Type of(DType dtype, Dims dims) {
      return new Type(dtype, dims, null);
    }
  }

  /** The output types for the given inputs and attributes. */
  interface Inference {
    List<Type> infer(Inputs inputs, Attributes attributes);
  }

  private final String name;
  private final String domain;
  private final int minInputs;
  private final int maxInputs;
  private final Set<String> attributeNames;
  private final Inference inference;

  Operator(
      String domain,
      String name,
      int minInputs,
      int maxInputs,
      Set<String> attributeNames,
      Inference inference) {
    this.domain = domain;
    this.name = name;
    this.minInputs = minInputs;
    this.maxInputs = maxInputs;
    this.attributeNames = ImmutableSet.copyOf(attributeNames);
    this.inference = inference;
  }

  String name() {
    return name;
  }

  /** Empty for ONNX's own operators. */
  String domain() {
    return domain;
  }

  /**
   * The outputs of this operator on {@code inputs}.
   *
   * @throws IllegalArgumentException naming the operator, its inputs and what does not fit
   */
  List<Value> apply(List<? extends @Nullable Value> inputs, Attributes attributes) {
    checkArgument(
        minInputs <= inputs.size() && inputs.size() <= maxInputs,
        "%s takes %s to %s inputs, got %s",
        name,
        minInputs,
        maxInputs,
        inputs.size());
    for (String attribute : attributes.asMap().keySet()) {
      checkArgument(
          attributeNames.contains(attribute),
          "%s has no attribute %s, only %s",
          name,
          attribute,
          attributeNames);
    }
    try {
      List<Type> types = inference.infer(new Inputs(this, inputs), attributes);
      return new Node(this, inputs, attributes, types).outputs();
    } catch (IllegalArgumentException
        | IllegalStateException
        | IndexOutOfBoundsException
        | ArithmeticException e) {
      throw new IllegalArgumentException(
          name + " of " + inputs + " " + attributes + ": " + e.getMessage(), e);
    }
  }

  @Override
  public String toString() {
    return domain.isEmpty() ? name : domain + "." + name;
  }

  /** The inputs as inference sees them. */
  static final class Inputs {
    private final Operator operator;
    private final List<? extends @Nullable Value> values;

    Inputs(Operator operator, List<? extends @Nullable Value> values) {
      this.operator = operator;
      this.values = values;
    }

    int count() {
      return values.size();
    }

    boolean has(int index) {
      return index < values.size() && values.get(index) != null;
    }

    Value get(int index) {
      Value value = index < values.size() ? values.get(index) : null;
      checkArgument(value != null, "input %s of %s is missing", index, operator);
      return value;
    }

    Dims dims(int index) {
      return get(index).dims();
    }

    DType dtype(int index) {
      return get(index).dtype();
    }

    /** The contents of a small integer vector that must be known at this point. */
    List<Dim> contents(int index) {
      List<Dim> contents = get(index).contents();
      checkArgument(
          contents != null, "input %s (%s) must be a known vector of integers", index, get(index));
      return contents;
    }

    /** The contents of a small integer vector whose elements must be numbers at this point. */
    long[] integers(int index) {
      return contents(index).stream().mapToLong(Dim::size).toArray();
    }
  }
}
