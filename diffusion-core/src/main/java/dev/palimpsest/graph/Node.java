package dev.palimpsest.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One application of an operator: what made a {@link Value}, for whoever walks a graph. An absent
 * optional input is null. Immutable.
 */
public final class Node implements Origin {
  private final Operator operator;
  private final List<@Nullable Value> inputs;
  private final Attributes attributes;
  private final List<Value> outputs;

  Node(
      Operator operator,
      List<? extends @Nullable Value> inputs,
      Attributes attributes,
      List<Operator.Type> types) {
    this.operator = operator;
    this.inputs = Collections.unmodifiableList(new ArrayList<@Nullable Value>(inputs));
    this.attributes = attributes;
    var values = new ArrayList<Value>();
    for (int i = 0; i < types.size(); i++) {
      values.add(new Value(this, i, types.get(i), null));
    }
    this.outputs = List.copyOf(values);
  }

  /**
   * Applies an operator by its name, for those that have no method of {@link Value}.
   *
   * @param operator the name at the opset that graphs are written in, with its domain in front if
   *     that is not ONNX's own: {@code Erf}, {@code com.microsoft.FusedMatMul}
   * @return the outputs
   * @throws IllegalArgumentException naming the operator, its inputs and what does not fit
   */
  public static List<Value> apply(
      String operator, Attributes attributes, List<? extends @Nullable Value> inputs) {
    int domain = operator.lastIndexOf('.');
    return Operators.get(operator.substring(0, Math.max(0, domain)), operator.substring(domain + 1))
        .apply(inputs, attributes);
  }

  /** The operator's name as {@link #apply} takes it. */
  public String name() {
    return operator.toString();
  }

  Operator operator() {
    return operator;
  }

  public List<@Nullable Value> inputs() {
    return inputs;
  }

  public Attributes attributes() {
    return attributes;
  }

  public List<Value> outputs() {
    return outputs;
  }

  @Override
  public String toString() {
    return operator + " of " + inputs + " to " + outputs;
  }
}
