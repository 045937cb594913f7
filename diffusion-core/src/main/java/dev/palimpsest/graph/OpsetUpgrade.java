package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.Floats;
import com.google.common.primitives.Longs;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Operators as older operator sets have them, turned into their form at {@link Operators#OPSET}:
 * mostly attributes that became inputs. One row an operator.
 */
final class OpsetUpgrade {
  private static final Set<String> REDUCTIONS =
      Set.of("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2", "ReduceSumSquare");
  private static final int FIRST_INPUT = 1;

  private static final Map<String, Row> TABLE = new TreeMap<>();

  static {
    REDUCTIONS.forEach(name -> before(18, name, call -> call.attributesToInputs("axes")));
    for (String name : List.of("ReduceSum", "Squeeze", "Unsqueeze")) {
      before(13, name, call -> call.attributesToInputs("axes"));
    }
    before(100, "Split", OpsetUpgrade::split);
    before(5, "Reshape", call -> call.attributesToInputs("shape"));
    before(10, "Slice", call -> call.attributesToInputs("starts", "ends", "axes"));
    before(11, "Clip", call -> call.attributesToInputs("min", "max"));
    before(11, "Pad", call -> call.attributesToInputs("pads", "value"));
    before(11, "Resize", OpsetUpgrade::scaled);
    before(100, "Upsample", OpsetUpgrade::upsample);
    before(13, "Softmax", OpsetUpgrade::softmax);
    before(13, "LogSoftmax", OpsetUpgrade::softmax);
    before(100, "Dropout", OpsetUpgrade::dropout);
  }

  private OpsetUpgrade() {}

  /** An application of an operator while it is turned. */
  static final class Call {
    String operator;
    final int outputs;
    final List<@Nullable Value> inputs;
    Attributes attributes;

    Call(String operator, int outputs, List<@Nullable Value> inputs, Attributes attributes) {
      this.operator = operator;
      this.outputs = outputs;
      this.inputs = new ArrayList<@Nullable Value>(inputs);
      this.attributes = attributes;
    }

    /**
     * Attributes become the inputs after the first, in this order; an absent one an absent input.
     */
    private void attributesToInputs(String... names) {
      for (int i = 0; i < names.length; i++) {
        if (attributes.has(names[i])) {
          while (inputs.size() <= FIRST_INPUT + i) {
            inputs.add(null);
          }
          checkArgument(inputs.get(FIRST_INPUT + i) == null, "%s is given twice", names[i]);
          inputs.set(FIRST_INPUT + i, take(names[i]));
        }
      }
    }

    private Value take(String name) {
      Object value = attributes.asMap().get(name);
      Attributes before = attributes;
      attributes = attributes.without(name);
      if (value instanceof Float) {
        return Value.constant((Float) value);
      }
      List<Long> integers = isFloats(value) ? null : before.integers(name);
      return integers == null
          ? Value.constant(
              Tensor.of(
                  Shape.of(before.numbers(name).size()), Floats.toArray(before.numbers(name))))
          : Value.constant(Longs.toArray(integers));
    }

    private static boolean isFloats(@Nullable Object value) {
      return value instanceof List
          && !((List<?>) value).isEmpty()
          && ((List<?>) value).get(0) instanceof Float;
    }
  }

  private interface Turn {
    void apply(Call call);
  }

  private record Row(int before, Turn turn) {}

  private static void before(int opset, String operator, Turn turn) {
    TABLE.put(operator, new Row(opset, turn));
  }

  /**
   * Turns a call of {@code opset} in place.
   *
   * @throws IllegalArgumentException if the older form has no equal
   */
  static void apply(Call call, long opset) {
    Row row = TABLE.get(call.operator);
    if (row != null && opset < row.before) {
      row.turn.apply(call);
    }
  }

  private static void split(Call call) {
    call.attributesToInputs("split");
    boolean sizes = call.inputs.size() > 1 && call.inputs.get(1) != null;
    if (!sizes && !call.attributes.has("num_outputs")) {
      call.attributes = call.attributes.with("num_outputs", (long) call.outputs);
    }
  }

  private static void upsample(Call call) {
    call.operator = "Resize";
    call.attributesToInputs("scales");
    scaled(call);
  }

  /** Before opset 11 resizing had no region and one rule for coordinates. */
  private static void scaled(Call call) {
    checkArgument(call.inputs.size() == 2, "scales are missing");
    call.inputs.add(1, null);
    call.attributes =
        call.attributes
            .with("coordinate_transformation_mode", "asymmetric")
            .with("nearest_mode", "floor");
  }

  /** Before opset 13 the axes from the given one on were taken together. */
  private static void softmax(Call call) {
    Value x = call.inputs.get(0);
    checkArgument(x != null, "the input is missing");
    long axis = call.attributes.integer("axis", 1);
    checkArgument(
        axis == -1 || axis == x.dims().rank() - 1,
        "before opset 13 only the last axis is supported, not axis %s of %s",
        axis,
        x);
    call.attributes = call.attributes.with("axis", -1L);
  }

  /** Outside training dropout passes its input. */
  private static void dropout(Call call) {
    Value training = call.inputs.size() > 2 ? call.inputs.get(2) : null;
    Tensor mode = training == null ? null : training.constant();
    checkArgument(
        training == null || (mode != null && mode.elements() == 1 && mode.longs()[0] == 0),
        "Dropout in training mode is not supported");
    call.operator = "Identity";
    call.inputs.subList(1, call.inputs.size()).clear();
    call.attributes = Attributes.NONE;
  }
}
