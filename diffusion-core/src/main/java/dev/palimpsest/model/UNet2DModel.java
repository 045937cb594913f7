package dev.palimpsest.model;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import java.util.List;

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
    return graph(config, List.of());
  }

  /**
   * The network with edits to its attention.
   *
   * @throws UnsupportedModelException as {@link #graph(Config)}
   */
  public static Graph graph(Config config, List<AttentionEdit> edits) {
    return new UNet2DBuilder(config, new Attention(edits)).build();
  }

  /** The network's attention layers, in the order in which it applies them. */
  public static List<AttentionSite> sites(Config config) {
    var attention = new Attention(List.of());
    new UNet2DBuilder(config, attention).build();
    return attention.sites();
  }
}
