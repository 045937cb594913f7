package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import java.util.List;
import java.util.OptionalInt;

/**
 * The fields of a CLIP text encoder's {@code config.json}, with the defaults that transformers has
 * for missing ones. Immutable. Reference: transformers models/clip/configuration_clip.py.
 *
 * @param maxPositions the most tokens of a prompt
 * @param hiddenAct {@code quick_gelu} or {@code gelu}
 * @param eosTokenId the token whose state is the pooled one; 2 stands for the largest token id, as
 *     older configurations have it
 * @param projectionDim the width of {@code text_embeds}; empty where null
 */
public record ClipTextConfig(
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int maxPositions,
    String hiddenAct,
    double layerNormEps,
    int eosTokenId,
    OptionalInt projectionDim) {
  private static final String MODEL_TYPE = "clip_text_model";
  private static final List<String> ACTIVATIONS = List.of("gelu", "quick_gelu");

  /**
   * @throws UnsupportedModelException if the configuration is another network's or names an unknown
   *     activation
   * @throws IllegalArgumentException if a field has an impossible value
   */
  public static ClipTextConfig of(Config config) {
    String type = config.string("model_type", MODEL_TYPE);
    if (!type.equals(MODEL_TYPE)) {
      throw new UnsupportedModelException(
          config.source() + ": model_type = " + type + " is not supported, only " + MODEL_TYPE);
    }
    String activation = config.string("hidden_act", "quick_gelu");
    if (!ACTIVATIONS.contains(activation)) {
      throw new UnsupportedModelException(
          String.format(
              "%s: hidden_act = %s is not supported; known are %s",
              config.source(), activation, ACTIVATIONS));
    }
    var read =
        new ClipTextConfig(
            positive(config, "vocab_size", 49408),
            positive(config, "hidden_size", 512),
            positive(config, "intermediate_size", 2048),
            positive(config, "num_hidden_layers", 12),
            positive(config, "num_attention_heads", 8),
            positive(config, "max_position_embeddings", 77),
            activation,
            config.number("layer_norm_eps", 1e-5),
            config.integer("eos_token_id", 49407),
            config.has("projection_dim")
                ? config.optionalInteger("projection_dim")
                : OptionalInt.of(512));
    checkArgument(
        read.hiddenSize % read.heads == 0,
        "%s: hidden_size %s does not divide into num_attention_heads = %s heads",
        config.source(),
        read.hiddenSize,
        read.heads);
    return read;
  }

  private static int positive(Config config, String field, int missing) {
    int value = config.integer(field, missing);
    checkArgument(value > 0, "%s: %s must be positive, was %s", config.source(), field, value);
    return value;
  }
}
