package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a text-conditioned U-Net takes and gives, as a pipeline needs to know it. Immutable.
 *
 * @param inChannels channels of the input {@code sample}: 4 for latents, 9 with mask and masked
 *     latents
 * @param outChannels channels of the output
 * @param sampleSize height and width that the network was trained on, in latent pixels; empty if
 *     the configuration does not say
 * @param textWidth the width of the input {@code encoder_hidden_states}
 * @param classEmbedding what the input {@code class_labels} holds
 * @param addition what else is embedded beside the timestep
 * @param additionTimeWidth what each number of {@code time_ids} becomes wide; for {@link
 *     Addition#TEXT_TIME}
 * @param projectionWidth the width of {@code text_embeds} and the embedded {@code time_ids}
 *     together, or of projected class labels
 * @param guidanceWidth the width of the input {@code timestep_cond}; empty if there is none
 */
public record UNet2DConditionConfig(
    int inChannels,
    int outChannels,
    List<Integer> sampleSize,
    int textWidth,
    ClassEmbedding classEmbedding,
    Addition addition,
    OptionalInt additionTimeWidth,
    OptionalInt projectionWidth,
    OptionalInt guidanceWidth) {

  /** What is added to the timestep's embedding. */
  public enum Addition {
    NONE,
    /** A pooled form of {@code encoder_hidden_states}. */
    TEXT,
    /** The inputs {@code text_embeds} and {@code time_ids}, as Stable Diffusion XL has them. */
    TEXT_TIME
  }

  private static final Map<String, Addition> ADDITIONS =
      Map.of("text", Addition.TEXT, "text_time", Addition.TEXT_TIME);

  // dropout and upcast_attention change nothing in float32 inference.
  private static final Set<String> FIELDS =
      Set.of(
          "sample_size",
          "in_channels",
          "out_channels",
          "center_input_sample",
          "flip_sin_to_cos",
          "freq_shift",
          "down_block_types",
          "mid_block_type",
          "up_block_types",
          "only_cross_attention",
          "block_out_channels",
          "layers_per_block",
          "downsample_padding",
          "mid_block_scale_factor",
          "dropout",
          "act_fn",
          "norm_num_groups",
          "norm_eps",
          "cross_attention_dim",
          "transformer_layers_per_block",
          "reverse_transformer_layers_per_block",
          "encoder_hid_dim",
          "encoder_hid_dim_type",
          "attention_head_dim",
          "num_attention_heads",
          "dual_cross_attention",
          "use_linear_projection",
          "class_embed_type",
          "addition_embed_type",
          "addition_time_embed_dim",
          "num_class_embeds",
          "upcast_attention",
          "resnet_time_scale_shift",
          "resnet_skip_time_act",
          "resnet_out_scale_factor",
          "time_embedding_type",
          "time_embedding_dim",
          "time_embedding_act_fn",
          "timestep_post_act",
          "time_cond_proj_dim",
          "conv_in_kernel",
          "conv_out_kernel",
          "projection_class_embeddings_input_dim",
          "attention_type",
          "class_embeddings_concat",
          "mid_block_only_cross_attention",
          "cross_attention_norm",
          "addition_embed_type_num_heads");

  public UNet2DConditionConfig {
    sampleSize = List.copyOf(sampleSize);
  }

  /**
   * Reads what a pipeline needs.
   *
   * @throws UnsupportedModelException if the configuration asks for what is not supported, naming
   *     field, value and what is
   * @throws IllegalArgumentException if a field has the wrong type
   */
  public static UNet2DConditionConfig of(Config config) {
    config.checkKnown(FIELDS);
    refuse(config, "num_attention_heads", "null; attention_head_dim holds the number of heads");
    if (config.bool("dual_cross_attention", false)) {
      throw Choice.refused(config, "dual_cross_attention", true, List.of("false"));
    }
    Choice.of(
        config,
        "attention_type",
        config.string("attention_type", "default"),
        Map.of("default", true));
    return new UNet2DConditionConfig(
        config.integer("in_channels", 4),
        config.integer("out_channels", 4),
        sampleSize(config),
        textWidth(config),
        ClassEmbedding.of(
            config,
            ClassEmbedding.TIMESTEP,
            ClassEmbedding.IDENTITY,
            ClassEmbedding.PROJECTION,
            ClassEmbedding.SIMPLE_PROJECTION),
        config
            .optionalString("addition_embed_type")
            .map(type -> Choice.of(config, "addition_embed_type", type, ADDITIONS))
            .orElse(Addition.NONE),
        config.optionalInteger("addition_time_embed_dim"),
        config.optionalInteger("projection_class_embeddings_input_dim"),
        config.optionalInteger("time_cond_proj_dim"));
  }

  private static void refuse(Config config, String field, String possible) {
    if (!config.isNull(field)) {
      throw Choice.refused(
          config, field, config.asMap().getOrDefault(field, ""), List.of(possible));
    }
  }

  static List<Integer> sampleSize(Config config) {
    if (config.isNull("sample_size")) {
      return List.of();
    }
    return config.integers("sample_size", 2);
  }

  /** The width of the text before any projection. */
  private static int textWidth(Config config) {
    if (config.optionalString("encoder_hid_dim_type").isPresent()) {
      String type = config.string("encoder_hid_dim_type");
      Choice.of(config, "encoder_hid_dim_type", type, Map.of("text_proj", true));
      checkArgument(
          !config.isNull("encoder_hid_dim"),
          "%s: encoder_hid_dim_type = %s needs encoder_hid_dim",
          config.source(),
          type);
    }
    return config.isNull("encoder_hid_dim")
        ? crossAttentionWidth(config)
        : config.integer("encoder_hid_dim");
  }

  /** The width of the text that the attention layers see. */
  static int crossAttentionWidth(Config config) {
    List<Integer> widths =
        config.integers("cross_attention_dim", List.of(1280)).stream()
            .distinct()
            .collect(Collectors.toList());
    if (widths.size() != 1) {
      throw Choice.refused(
          config,
          "cross_attention_dim",
          widths,
          List.of("one width, or a list in which all are equal"));
    }
    return widths.get(0);
  }
}
