package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.graph.Value;
import org.jspecify.annotations.Nullable;

/**
 * The attention layers of networks, each one fused operator whose inputs bear the names of the
 * layer's projections. Reference: diffusers models/attention_processor.py.
 */
final class Attention {
  private Attention() {}

  /**
   * Attention between projected tokens.
   *
   * @param scope the layer; its path names the site
   * @param query [batch, tokens, width]
   * @param key [batch, key tokens, width]
   * @param value [batch, key tokens, width]
   * @return [batch, tokens, width]
   */
  private static Value attend(Scope scope, int heads, Value query, Value key, Value value) {
    long width = query.dim(-1).size();
    checkArgument(
        heads > 0 && width % heads == 0,
        "%s: width %s does not divide into %s heads",
        scope.path(),
        width,
        heads);
    return query.multiHeadAttention(key, value, heads, false);
  }

  /**
   * A transformer's attention layer: projections without bias, an output projection with one.
   *
   * @param x [batch, tokens, width]
   * @param text [batch, text tokens, text width], or null for attention to {@code x} itself
   */
  static Value transformer(Scope scope, Value x, @Nullable Value text, int heads) {
    int width = (int) x.dim(-1).size();
    Value source = text == null ? x : text;
    Value out =
        attend(
            scope,
            heads,
            scope.linearWithoutBias("to_q", x, width),
            scope.linearWithoutBias("to_k", source, width),
            scope.linearWithoutBias("to_v", source, width));
    return scope.linear("to_out.0", out, width);
  }

  /**
   * The settings of a picture's self-attention with its residual.
   *
   * @param headSize the width of a head
   * @param groups of the group normalisation, or null for none
   * @param epsilon of the group normalisation
   * @param outputScale what the sum is divided by
   */
  record Block(int headSize, @Nullable Integer groups, float epsilon, float outputScale) {}

  /**
   * Self-attention among the pixels of a picture, added to it.
   *
   * @param x [batch, channels, height, width]
   */
  static Value block(Scope scope, Value x, Block settings) {
    int channels = (int) x.dim(1).size();
    Integer groups = settings.groups();
    Value normal =
        groups == null ? x : scope.groupNorm("group_norm", x, groups, settings.epsilon());
    Value tokens = tokens(normal);
    int heads = channels / settings.headSize();
    int width = heads * settings.headSize();
    Value attended =
        attend(
            scope,
            heads,
            scope.linear("to_q", tokens, width),
            scope.linear("to_k", tokens, width),
            scope.linear("to_v", tokens, width));
    Value sum = picture(scope.linear("to_out.0", attended, channels), x).add(x);
    return (settings.outputScale() == 1 ? sum : sum.div(settings.outputScale()))
        .named(scope.path());
  }

  /** How the text is normalised before a layer with added keys. */
  enum TextNorm {
    NONE,
    LAYER,
    GROUP
  }

  /**
   * The settings of a layer in which pixels attend to the text and to each other at once.
   *
   * @param headSize the width of a head
   * @param groups of the group normalisation
   * @param onlyText whether pixels attend to the text alone
   * @param textNorm of the text
   */
  record AddedKeys(int headSize, int groups, boolean onlyText, TextNorm textNorm) {
    private static final float EPSILON = 1e-5f;
    private static final int TEXT_GROUPS = 32;

    private Value normal(Scope scope, Value text) {
      return switch (textNorm) {
        case NONE -> text;
        case LAYER -> scope.layerNorm("norm_cross", text, EPSILON);
        case GROUP ->
            scope
                .groupNorm("norm_cross", text.transpose(0, 2, 1), TEXT_GROUPS, EPSILON)
                .transpose(0, 2, 1);
      };
    }
  }

  /**
   * Attention of pixels to the text and, behind it, to each other, added to the picture.
   *
   * @param x [batch, channels, height, width]
   * @param text [batch, tokens, width]
   */
  static Value addedKeys(Scope scope, Value x, Value text, AddedKeys settings) {
    int channels = (int) x.dim(1).size();
    int heads = channels / settings.headSize();
    int width = heads * settings.headSize();
    Value words = settings.normal(scope, text);
    Value tokens = tokens(scope.groupNorm("group_norm", x, settings.groups(), AddedKeys.EPSILON));
    Value key = scope.linear("add_k_proj", words, width);
    Value value = scope.linear("add_v_proj", words, width);
    if (!settings.onlyText()) {
      key = Value.concat(1, key, scope.linear("to_k", tokens, width));
      value = Value.concat(1, value, scope.linear("to_v", tokens, width));
    }
    Value query = scope.linear("to_q", tokens, width);
    Value attended = attend(scope, heads, query, key, value);
    return picture(scope.linear("to_out.0", attended, channels), x).add(x).named(scope.path());
  }

  /** [batch, channels, height, width] as [batch, height · width, channels]. */
  static Value tokens(Value picture) {
    return picture.reshape(0, 0, -1).transpose(0, 2, 1);
  }

  /** [batch, height · width, channels] as [batch, channels, height, width], sized as another. */
  static Value picture(Value tokens, Value like) {
    return tokens.transpose(0, 2, 1).reshapeLike(like);
  }
}
