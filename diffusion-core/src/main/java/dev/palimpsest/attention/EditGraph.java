package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.util.LinkedHashMap;
import java.util.Map;

/** What an edit adds to a network's graph beside its change. One thread, one graph. */
public final class EditGraph {
  private final String prefix;
  private final Map<String, Value> inputs = new LinkedHashMap<>();
  private final Map<String, Value> captured = new LinkedHashMap<>();

  EditGraph(String prefix) {
    this.prefix = prefix;
  }

  /**
   * An input that {@link AttentionEdit#values} gives for each request. Asked for twice under one
   * name, it is one input.
   */
  public Value input(String name, DType dtype, Dims dims) {
    Value input = inputs.computeIfAbsent(name, key -> Value.input(prefix + "." + key, dtype, dims));
    checkArgument(
        input.dtype() == dtype && input.dims().rank() == dims.rank(),
        "an edit declares its input %s as %s%s and as %s%s",
        name,
        input.dtype(),
        input.dims(),
        dtype,
        dims);
    return input;
  }

  /**
   * Captures a value at a layer, one for each edit and layer.
   *
   * @param value float32 [batch, ...]
   */
  public void capture(AttentionSite site, Value value) {
    checkArgument(
        captured.put(AttentionGraph.captured(prefix, site), value) == null,
        "an edit captures two values at %s",
        site.name());
  }

  Map<String, Value> captured() {
    return captured;
  }
}
