package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.attention.EditGraph;
import dev.palimpsest.attention.EditedRequest;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;

/**
 * An attention edit of one's own: probabilities to a power, normalised anew, so that a power above
 * 1 makes each place look at fewer words and one below 1 at more. The power is an input of the
 * graph: requests with other powers use the same opened network.
 *
 * <pre>{@code
 * pipeline.generate(request.edit(new SharpenedAttention(1.5)))
 * }</pre>
 */
public record SharpenedAttention(double power) implements AttentionEdit {
  private static final float LEAST = 1e-20f;

  public SharpenedAttention {
    checkArgument(power > 0 && power <= 8, "power must be in (0, 8], was %s", power);
  }

  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    Value exponent = graph.input("power", DType.FLOAT32, Dims.of(1));
    Value raised = probabilities.add(LEAST).log().mul(exponent).exp();
    return raised.div(raised.sum(-1));
  }

  @Override
  public Map<String, Tensor> values(EditedRequest request) {
    return Map.of("power", Tensor.of(Shape.of(1), (float) power));
  }

  @Override
  public Object structure() {
    return SharpenedAttention.class;
  }
}
