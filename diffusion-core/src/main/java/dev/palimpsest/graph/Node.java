package dev.palimpsest.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One application of an operator. An absent optional input is null. */
final class Node implements Origin {
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

  Operator operator() {
    return operator;
  }

  List<@Nullable Value> inputs() {
    return inputs;
  }

  Attributes attributes() {
    return attributes;
  }

  List<Value> outputs() {
    return outputs;
  }
}
