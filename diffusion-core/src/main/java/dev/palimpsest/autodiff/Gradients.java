package dev.palimpsest.autodiff;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of a graph by reverse accumulation (Griewank and Walther 2008, chapter 3): values made
 * of standard operators, so that one session runs the forward and the backward part together. Only
 * what lies on a path from a wanted value to the loss is differentiated.
 *
 * <p>All shapes must be known: {@link Graph#bind} the graph first. The operators that can be
 * differentiated are the rows of a table; a value that reaches the loss through another one is an
 * error.
 */
public final class Gradients {
  private final Recomputation.Forward forward;
  private final List<Node> nodes;
  private final Set<Value> active = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Map<Value, List<Value>> terms = new IdentityHashMap<>();

  private Gradients(List<Value> outputs, List<Value> wanted, Recomputation recomputation) {
    this.nodes = nodes(outputs);
    this.forward = recomputation.of(nodes);
    wanted.forEach(value -> active.add(canonical(value)));
    for (Node node : nodes) {
      if (GradientRules.flowsThrough(node) && isActive(node.inputs())) {
        node.outputs().stream().filter(y -> y.dtype().isFloating()).forEach(active::add);
      }
    }
  }

  /** {@link #of(Value, List, Recomputation)} without recomputation. */
  public static List<Value> of(Value loss, List<Value> wanted) {
    return of(loss, wanted, Recomputation.none());
  }

  /**
   * The gradients of a loss.
   *
   * @param loss of a floating type, with one element
   * @param wanted inputs, parameters or any values between them and the loss
   * @param recomputation what the backward part computes anew instead of keeping it
   * @return for each wanted value its gradient, of its type and shape
   * @throws IllegalArgumentException if the loss has more than one element, or does not depend on a
   *     wanted value, or a shape is not known
   * @throws UnsupportedModelException naming the operator without a rule and the rules there are
   */
  public static List<Value> of(Value loss, List<Value> wanted, Recomputation recomputation) {
    checkArgument(
        loss.dtype().isFloating() && loss.dims().isKnown() && loss.shape().elements() == 1,
        "the loss must be one floating number, was %s",
        loss);
    Value one = Ops.fill(loss.dtype(), loss.shape(), 1);
    return of(List.of(loss), List.of(one), wanted, recomputation);
  }

  /** {@link #of(List, List, List, Recomputation)} without recomputation. */
  public static List<Value> of(List<Value> outputs, List<Value> cotangents, List<Value> wanted) {
    return of(outputs, cotangents, wanted, Recomputation.none());
  }

  /**
   * The products of cotangents with the Jacobian, of which the gradient of a loss is the case of
   * one output and the cotangent 1.
   *
   * @param cotangents for each output a value of its type and shape
   * @return for each wanted value the sum over the outputs
   * @throws IllegalArgumentException if a cotangent does not fit its output, or no output depends
   *     on a wanted value, or a shape is not known
   * @throws UnsupportedModelException naming the operator without a rule and the rules there are
   */
  public static List<Value> of(
      List<Value> outputs,
      List<Value> cotangents,
      List<Value> wanted,
      Recomputation recomputation) {
    checkArgument(
        outputs.size() == cotangents.size(),
        "%s outputs need as many cotangents, got %s",
        outputs.size(),
        cotangents.size());
    var gradients = new Gradients(outputs, wanted, recomputation);
    for (int i = 0; i < outputs.size(); i++) {
      Value y = outputs.get(i);
      Value dy = cotangents.get(i);
      checkArgument(
          y.dims().equals(dy.dims()) && y.dtype() == dy.dtype(),
          "the cotangent %s does not fit the output %s",
          dy,
          y);
      gradients.add(y, dy);
    }
    gradients.walk();
    return wanted.stream().map(gradients::gradient).toList();
  }

  /** A value under its own name or none, so that it is the same object wherever it is used. */
  static Value canonical(Value value) {
    Node node = value.node();
    return node == null ? value : node.outputs().get(value.index());
  }

  private static List<Node> nodes(List<Value> outputs) {
    var named = new LinkedHashMap<String, Value>();
    outputs.stream()
        .filter(output -> output.node() != null)
        .forEach(output -> named.put("output_" + named.size(), output));
    return named.isEmpty() ? List.of() : Graph.of("forward", named).nodes();
  }

  private boolean isActive(List<? extends @Nullable Value> values) {
    return values.stream().anyMatch(value -> value != null && active.contains(canonical(value)));
  }

  private void walk() {
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      if (isActive(node.inputs()) && isActive(node.outputs())) {
        visit(node);
      }
    }
  }

  private void visit(Node node) {
    var dys = new ArrayList<@Nullable Value>();
    for (Value output : node.outputs()) {
      dys.add(terms.containsKey(output) ? sum(output) : null);
    }
    if (dys.stream().allMatch(dy -> dy == null)) {
      return;
    }
    forward.reached(node, dys);
    GradientRules.Match match = GradientRules.match(node);
    var backward = new Backward(node, match.inputs(), dys, forward);
    for (int i = 0; i < match.differentiable(); i++) {
      Value x = match.inputs().get(i);
      if (x != null && active.contains(canonical(x))) {
        Value dx = match.rule().of(backward, i);
        if (dx != null) {
          add(x, dx);
        }
      }
    }
  }

  private void add(Value value, Value term) {
    checkArgument(value.dims().isKnown(), "the shape of %s is not known; bind the graph", value);
    terms
        .computeIfAbsent(canonical(value), key -> new ArrayList<>())
        .add(unbroadcast(term, value.shape()));
  }

  /** The sum of the terms, made once. */
  private Value sum(Value value) {
    List<Value> list = requireNonNull(terms.get(value));
    Value sum = list.get(0);
    for (Value term : list.subList(1, list.size())) {
      sum = sum.add(term);
    }
    list.clear();
    list.add(sum);
    return sum;
  }

  private Value gradient(Value wanted) {
    Value key = canonical(wanted);
    checkArgument(
        terms.containsKey(key), "the loss does not depend on %s, so it has no gradient", wanted);
    return sum(key);
  }

  /** The gradient of an operand that was broadcast: the sum over the places that it went to. */
  private static Value unbroadcast(Value gradient, Shape shape) {
    Shape from = gradient.shape();
    if (from.equals(shape)) {
      return gradient;
    }
    int added = from.rank() - shape.rank();
    var axes = new ArrayList<Long>();
    for (int axis = 0; axis < from.rank(); axis++) {
      if (from.dim(axis) != 1 && (axis < added || shape.dim(axis - added) == 1)) {
        axes.add((long) axis);
      }
    }
    Value sum =
        axes.isEmpty()
            ? gradient
            : gradient.sum(axes.stream().mapToLong(Long::longValue).toArray());
    return Ops.reshape(sum, shape);
  }
}
