package dev.palimpsest.attention;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;

/** Takes each row's probabilities from the row of its source. */
record SelfInjection() implements AttentionEdit {
  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    return ofSource(probabilities, graph);
  }

  /** The probabilities of the rows' sources, of the same shape. */
  static Value ofSource(Value probabilities, EditGraph graph) {
    Value rows = graph.input("source_rows", DType.INT64, Dims.of(probabilities.dim(0)));
    return probabilities.gather(rows, 0);
  }

  static Map<String, Tensor> sourceRows(EditedRequest request) {
    long[] rows = request.sourceRows().stream().mapToLong(Integer::longValue).toArray();
    return Map.of("source_rows", Tensor.of(dev.palimpsest.tensor.Shape.of(rows.length), rows));
  }

  @Override
  public Map<String, Tensor> values(EditedRequest request) {
    return sourceRows(request);
  }

  @Override
  public boolean needsSource() {
    return true;
  }

  @Override
  public String toString() {
    return "inject the source's attention";
  }
}
