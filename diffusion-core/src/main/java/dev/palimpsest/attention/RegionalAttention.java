package dev.palimpsest.attention;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.image.Resampling;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.HashMap;
import java.util.Map;

/**
 * Attention to a part of the prompt from within a region only: p · (1 − t (1 − r)), normalised
 * anew, where t marks the part's tokens and r the region's share of each query token.
 */
record RegionalAttention(PromptPart part, BufferedImage region) implements AttentionEdit {
  private static final String TOKENS = "tokens";
  private static final String OUTSIDE = "outside.";

  RegionalAttention {
    requireNonNull(part);
    requireNonNull(region);
  }

  @Override
  public Value apply(AttentionSite site, Value probabilities, EditGraph graph) {
    site.checkCross(this);
    Value tokens = graph.input(TOKENS, DType.FLOAT32, Dims.of(probabilities.dim(-1)));
    Value outside =
        graph.input(
            OUTSIDE + site.name(),
            DType.FLOAT32,
            Dims.of(probabilities.dim(-2), dev.palimpsest.graph.Dim.of(1)));
    Value allowed = Value.constant(1f).sub(outside.mul(tokens));
    Value kept = probabilities.mul(allowed);
    return kept.div(kept.sum(-1));
  }

  @Override
  public Map<String, Tensor> values(EditedRequest request) {
    var values = new HashMap<String, Tensor>();
    values.put(TOKENS, part.mark(request, 1, 0));
    for (AttentionSite site : request.sites()) {
      values.put(
          OUTSIDE + site.name(), outside(site.side(request.width()), site.side(request.height())));
    }
    return values;
  }

  private Tensor outside(int width, int height) {
    BufferedImage scaled = Resampling.BILINEAR.resize(region, width, height);
    float[] shares = new float[width * height];
    for (int i = 0; i < shares.length; i++) {
      shares[i] = 1 - (scaled.getRGB(i % width, i / width) >> 8 & 0xff) / 255f;
    }
    return Tensor.of(Shape.of(shares.length, 1), shares);
  }

  @Override
  public Object structure() {
    return RegionalAttention.class;
  }

  @Override
  public boolean needsPrompt() {
    return true;
  }

  @Override
  public String toString() {
    return part + " within a region";
  }
}
