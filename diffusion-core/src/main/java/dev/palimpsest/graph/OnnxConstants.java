package dev.palimpsest.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Floats;
import com.google.common.primitives.Longs;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** The data of ONNX's Constant operator, which has an attribute for each kind of data. */
final class OnnxConstants {
  private OnnxConstants() {}

  /**
   * The data.
   *
   * @throws IllegalArgumentException if the kind is not supported
   */
  static Tensor of(Attributes attributes) {
    Map<String, Object> given = attributes.asMap();
    checkArgument(given.size() == 1, "a Constant needs one attribute, has %s", given.keySet());
    Map.Entry<String, Object> only = given.entrySet().iterator().next();
    return switch (only.getKey()) {
      case "value" -> attributes.tensor("value");
      case "value_int" -> Tensor.scalar(attributes.integer("value_int", 0));
      case "value_float" -> Tensor.scalar(attributes.number("value_float", 0));
      case "value_ints" -> {
        List<Long> list = requireNonNull(attributes.integers("value_ints"));
        yield Tensor.of(Shape.of(list.size()), Longs.toArray(list));
      }
      case "value_floats" -> {
        List<Float> list = attributes.numbers("value_floats");
        yield Tensor.of(Shape.of(list.size()), Floats.toArray(list));
      }
      default ->
          throw new IllegalArgumentException(
              "a Constant of " + only.getKey() + " is not supported");
    };
  }
}
