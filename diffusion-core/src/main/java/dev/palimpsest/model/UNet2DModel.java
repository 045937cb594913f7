package dev.palimpsest.model;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;

/**
 * The U-Net without text, as DDPM (Ho et al. 2020) and its successors have it, as a function from
 * its configuration to a graph. Parameters bear the names that diffusers gives them. Reference:
 * diffusers models/unets/unet_2d.py.
 *
 * <p>Inputs, of any batch size, height and width:
 *
 * <ul>
 *   <li>{@code sample} float32 [batch, in_channels, height, width]
 *   <li>{@code timestep} float32 [timesteps], one for all rows or one for each
 *   <li>{@code class_labels}, see {@link ClassEmbedding}
 * </ul>
 *
 * <p>Output: {@code out_sample} float32 [batch, out_channels, height, width].
 */
public final class UNet2DModel {
  private UNet2DModel() {}

  /**
   * The network.
   *
   * @throws UnsupportedModelException if the configuration asks for what is not supported, naming
   *     field, value and what is
   */
  public static Graph graph(Config config) {
    return new UNet2DBuilder(config).build();
  }
}
