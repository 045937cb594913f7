package dev.palimpsest.model;

import dev.palimpsest.graph.Value;
import java.util.List;

/**
 * Transformer blocks over the pixels of a picture, each attending to the picture and to the text.
 * Immutable. Reference: diffusers models/transformers/transformer_2d.py, models/attention.py.
 *
 * @param heads of each attention
 * @param groups of the group normalisation
 * @param linear whether the projections are linear layers rather than 1×1 convolutions
 * @param onlyText whether the first attention too attends to the text
 */
record Transformer2D(int heads, int groups, boolean linear, boolean onlyText) {
  private static final float GROUP_EPSILON = 1e-6f;
  private static final float LAYER_EPSILON = 1e-5f;

  /**
   * @param x [batch, channels, height, width]
   * @param text [batch, tokens, width]
   */
  Value apply(Scope scope, Value x, Value text, int layers) {
    int channels = (int) x.dim(1).size();
    int width = heads * (channels / heads);
    Value h = scope.groupNorm("norm", x, groups, GROUP_EPSILON);
    h =
        linear
            ? scope.linear("proj_in", Attention.tokens(h), width)
            : Attention.tokens(scope.conv("proj_in", h, width, 1));
    for (int i = 0; i < layers; i++) {
      h = block(scope.at("transformer_blocks", i), h, text);
    }
    h =
        linear
            ? Attention.picture(scope.linear("proj_out", h, channels), x)
            : scope.conv("proj_out", pictureOf(h, width, x), channels, 1);
    return h.add(x).named(scope.path());
  }

  private static Value pictureOf(Value tokens, int width, Value x) {
    if (x.dim(1).is(width)) {
      return Attention.picture(tokens, x);
    }
    Value shape = x.shapeValue();
    return tokens
        .transpose(0, 2, 1)
        .reshape(
            Value.concat(
                0, shape.slice(0, 0, 1), Value.constant((long) width), shape.slice(0, 2, 4)));
  }

  private Value block(Scope scope, Value x, Value text) {
    Value h = scope.layerNorm("norm1", x, LAYER_EPSILON);
    Value sum = Attention.transformer(scope.at("attn1"), h, onlyText ? text : null, heads).add(x);
    h = scope.layerNorm("norm2", sum, LAYER_EPSILON);
    sum = Attention.transformer(scope.at("attn2"), h, text, heads).add(sum);
    h = scope.layerNorm("norm3", sum, LAYER_EPSILON);
    return feedForward(scope.at("ff"), h).add(sum).named(scope.path());
  }

  /** A linear layer gated by another one's GELU (Shazeer 2020). */
  private static Value feedForward(Scope scope, Value x) {
    int width = (int) x.dim(-1).size();
    List<Value> parts = scope.linear("net.0.proj", x, 8 * width).split(-1, 4L * width, 4L * width);
    return scope.linear("net.2", parts.get(0).mul(parts.get(1).gelu()), width);
  }
}
