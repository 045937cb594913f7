package dev.palimpsest.model;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;

/**
 * The U-Net that Stable Diffusion 1, 2 and XL denoise with, as a function from its configuration to
 * a graph (Ronneberger et al. 2015, Rombach et al. 2022). Parameters bear the names that diffusers
 * gives them. Reference: diffusers models/unets/unet_2d_condition.py.
 *
 * <p>Inputs, of any batch size, height, width and number of tokens:
 *
 * <ul>
 *   <li>{@code sample} float32 [batch, in_channels, height, width]
 *   <li>{@code timestep} float32 [timesteps], one for all rows or one for each
 *   <li>{@code encoder_hidden_states} float32 [batch, tokens, text width], if a layer uses it
 *   <li>{@code class_labels}, see {@link ClassEmbedding}
 *   <li>{@code timestep_cond} float32 [batch, time_cond_proj_dim], if the configuration has it; the
 *       reference's default, none, is zeros
 *   <li>{@code text_embeds} float32 [batch, width] and {@code time_ids} float32 [batch, ids], if
 *       addition_embed_type is text_time; width + ids · addition_time_embed_dim must be
 *       projection_class_embeddings_input_dim
 * </ul>
 *
 * <p>Output: {@code out_sample} float32 [batch, out_channels, height, width]. Sizes that halvings
 * do not divide are rounded up on the way down, and each level on the way up has the size of its
 * counterpart.
 */
public final class UNet2DConditionModel {
  private UNet2DConditionModel() {}

  /**
   * The network.
   *
   * @throws UnsupportedModelException if the configuration asks for what is not supported, naming
   *     field, value and what is
   */
  public static Graph graph(Config config) {
    return new UNet2DConditionBuilder(config).build();
  }
}
