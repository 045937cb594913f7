package dev.palimpsest.autodiff;

import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The table of rules: one row an operator, one lambda an input. Some rows are for forms, which are
 * several operators that are cheaper to differentiate as one.
 */
final class GradientRules {
  /** The gradient of the input that a lambda stands for; null if nothing flows to it. */
  interface Partial {
    @Nullable Value of(Backward b);
  }

  /** The gradient of an input by its index. */
  interface Rule {
    @Nullable Value of(Backward b, int input);
  }

  /** The inputs of a form whose last operator a node is, or null if it is not. */
  interface Form {
    @Nullable List<@Nullable Value> inputs(Node last);
  }

  /** The rule for a node and what it takes for the node's inputs, of which the first count. */
  record Match(Rule rule, List<@Nullable Value> inputs, int differentiable) {}

  private record FormRow(String name, Form form, int differentiable, Rule rule) {}

  private record Row(int differentiable, Rule rule) {}

  private static final Map<String, Row> ROWS = new TreeMap<>();
  private static final Map<String, List<FormRow>> FORMS = new HashMap<>();
  private static final Set<String> OPAQUE = new TreeSet<>();

  static {
    ElementwiseRules.add();
    ReductionRules.add();
    ShapeRules.add();
    ProductRules.add();
    PictureRules.add();
    NormalisationRules.add();
  }

  private GradientRules() {}

  /** A row for an operator whose other inputs, if there are more, have no gradients. */
  static void row(String operator, Partial... partials) {
    each(operator, partials.length, (b, i) -> partials[i].of(b));
  }

  /** A row for an operator whose inputs are all treated alike. */
  static void each(String operator, Rule rule) {
    each(operator, Integer.MAX_VALUE, rule);
  }

  private static void each(String operator, int differentiable, Rule rule) {
    Row other = ROWS.put(operator, new Row(differentiable, rule));
    checkState(other == null, "two rules for %s", operator);
  }

  /** A row for a form that ends in an operator. */
  static void form(String name, String last, Form form, Partial... partials) {
    FORMS
        .computeIfAbsent(last, key -> new ArrayList<>())
        .add(new FormRow(name, form, partials.length, (b, i) -> partials[i].of(b)));
  }

  /** Operators that give integers or are constant almost everywhere. */
  static void opaque(String... operators) {
    Collections.addAll(OPAQUE, operators);
  }

  /** The operators and forms that have rules. */
  static Set<String> names() {
    var names = new TreeSet<>(ROWS.keySet());
    FORMS.values().forEach(rows -> rows.forEach(row -> names.add(row.name)));
    return names;
  }

  /** The operators through which nothing flows. */
  static Set<String> opaque() {
    return Collections.unmodifiableSet(OPAQUE);
  }

  static boolean flowsThrough(Node node) {
    return !OPAQUE.contains(node.name());
  }

  /**
   * @throws UnsupportedModelException naming the operator and the rules there are
   */
  static Match match(Node node) {
    for (FormRow row : FORMS.getOrDefault(node.name(), List.of())) {
      List<@Nullable Value> inputs = row.form.inputs(node);
      if (inputs != null) {
        return new Match(row.rule, inputs, row.differentiable);
      }
    }
    Row row = ROWS.get(node.name());
    if (row == null) {
      throw new UnsupportedModelException(
          String.format(
              "operator %s has no gradient rule (%s); there are rules for %s",
              node.name(), node, ROWS.keySet()));
    }
    return new Match(row.rule, node.inputs(), Math.min(row.differentiable, node.inputs().size()));
  }
}
