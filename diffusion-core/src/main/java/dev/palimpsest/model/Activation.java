package dev.palimpsest.model;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Value;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * The activation functions that configurations name. Reference: diffusers models/activations.py.
 */
enum Activation {
  SILU(Value::silu),
  MISH(Activation::mish),
  GELU(Value::gelu),
  RELU(Value::relu);

  private static final Map<String, Activation> NAMES =
      Map.of("silu", SILU, "swish", SILU, "mish", MISH, "gelu", GELU, "relu", RELU);

  private final UnaryOperator<Value> function;

  Activation(UnaryOperator<Value> function) {
    this.function = function;
  }

  /**
   * @param field the field of the configuration, for the message
   * @throws UnsupportedModelException listing the names there are
   */
  static Activation of(String field, String name) {
    Activation activation = NAMES.get(name.toLowerCase(Locale.ROOT));
    if (activation == null) {
      throw new UnsupportedModelException(
          field + " = " + name + " is not supported; known are " + new TreeSet<>(NAMES.keySet()));
    }
    return activation;
  }

  Value apply(Value x) {
    return function.apply(x);
  }

  /** x·tanh(ln(1 + eˣ)) as x·σ(x)·(1 + s)/(1 + s²) with s = σ(-x), which cannot overflow. */
  private static Value mish(Value x) {
    Value s = x.neg().sigmoid();
    return x.silu().mul(s.add(1f)).div(s.mul(s).add(1f));
  }
}
