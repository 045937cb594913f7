package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;

/** Multiplies the attention to some tokens. */
record Reweighting(PromptPart part, double factor) implements AttentionEdit {
  private static final String FACTORS = "factors";

  Reweighting {
    requireNonNull(part);
    checkArgument(
        Double.isFinite(factor) && factor >= 0, "the factor must be >= 0, was %s", factor);
  }

  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    site.checkCross(this);
    return probabilities.mul(graph.input(FACTORS, DType.FLOAT32, Dims.of(probabilities.dim(-1))));
  }

  @Override
  public Map<String, Tensor> values(EditedRequest request) {
    return Map.of(FACTORS, part.mark(request, (float) factor, 1));
  }

  @Override
  public Object structure() {
    return Reweighting.class;
  }

  @Override
  public boolean needsPrompt() {
    return true;
  }

  @Override
  public String toString() {
    return factor == 0 ? "suppress " + part : "reweight " + part + " by " + factor;
  }
}
