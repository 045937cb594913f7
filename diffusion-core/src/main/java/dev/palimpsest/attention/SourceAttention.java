package dev.palimpsest.attention;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Takes the attention to tokens of the source's prompt for tokens of the prompt (prompt-to-prompt,
 * Hertz et al. 2022). With the mapping M and the source's maps S it is S·M where a token is mapped.
 */
record SourceAttention(String name, Function<EditedRequest, TokenMapping> mapping)
    implements AttentionEdit {
  private static final String MATRIX = "mapping";
  private static final String MAPPED = "mapped";

  SourceAttention {
    requireNonNull(mapping);
  }

  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    site.checkCross(this);
    var tokens = probabilities.dim(-1);
    Value matrix = graph.input(MATRIX, DType.FLOAT32, Dims.of(tokens, tokens));
    Value mapped = graph.input(MAPPED, DType.INT64, Dims.of(tokens));
    Value source = SelfInjection.ofSource(probabilities, graph).matmul(matrix);
    return mapped.equalTo(Value.constant(1L)).where(source, probabilities);
  }

  @Override
  public Map<String, Tensor> values(EditedRequest request) {
    TokenMapping tokens = mapping.apply(request);
    var values = new HashMap<>(SelfInjection.sourceRows(request));
    values.put(MATRIX, tokens.matrix());
    values.put(MAPPED, tokens.mapped());
    return values;
  }

  @Override
  public Object structure() {
    return SourceAttention.class;
  }

  @Override
  public boolean needsPrompt() {
    return true;
  }

  @Override
  public boolean needsSource() {
    return true;
  }

  @Override
  public String toString() {
    return name;
  }
}
