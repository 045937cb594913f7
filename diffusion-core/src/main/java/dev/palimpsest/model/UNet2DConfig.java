package dev.palimpsest.model;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a U-Net without text takes and gives, as a pipeline needs to know it. Immutable.
 *
 * @param inChannels channels of the input {@code sample}
 * @param outChannels channels of the output; twice those of the input where it learns the variance
 * @param sampleSize height and width that the network was trained on; empty if the configuration
 *     does not say
 * @param classEmbedding what the input {@code class_labels} holds
 * @param classes how many classes there are, for {@link ClassEmbedding#LABEL}
 */
public record UNet2DConfig(
    int inChannels,
    int outChannels,
    List<Integer> sampleSize,
    ClassEmbedding classEmbedding,
    OptionalInt classes) {

  // dropout changes nothing in inference.
  private static final Set<String> FIELDS =
      Set.of(
          "sample_size",
          "in_channels",
          "out_channels",
          "center_input_sample",
          "time_embedding_type",
          "time_embedding_dim",
          "freq_shift",
          "flip_sin_to_cos",
          "down_block_types",
          "mid_block_type",
          "up_block_types",
          "block_out_channels",
          "layers_per_block",
          "mid_block_scale_factor",
          "downsample_padding",
          "downsample_type",
          "upsample_type",
          "dropout",
          "act_fn",
          "attention_head_dim",
          "norm_num_groups",
          "attn_norm_num_groups",
          "norm_eps",
          "resnet_time_scale_shift",
          "add_attention",
          "class_embed_type",
          "num_class_embeds",
          "num_train_timesteps");

  public UNet2DConfig {
    sampleSize = List.copyOf(sampleSize);
  }

  /**
   * Reads what a pipeline needs.
   *
   * @throws UnsupportedModelException if the configuration asks for what is not supported, naming
   *     field, value and what is
   * @throws IllegalArgumentException if a field has the wrong type
   */
  public static UNet2DConfig of(Config config) {
    config.checkKnown(FIELDS);
    return new UNet2DConfig(
        config.integer("in_channels", 3),
        config.integer("out_channels", 3),
        UNet2DConditionConfig.sampleSize(config),
        ClassEmbedding.of(config, ClassEmbedding.TIMESTEP, ClassEmbedding.IDENTITY),
        config.optionalInteger("num_class_embeds"));
  }
}
