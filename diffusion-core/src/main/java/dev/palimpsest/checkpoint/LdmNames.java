package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The U-Net's layers as the original latent diffusion code names them, turned into diffusers'
 * names. Its blocks are numbered through: {@code input_blocks.4.1} is the attention of the first
 * layer of the second block. Immutable. Source: diffusers
 * scripts/convert_original_stable_diffusion_to_diffusers.
 */
public final class LdmNames {
  private static final Map<String, String> SINGLE =
      Map.of(
          "time_embed.0", "time_embedding.linear_1",
          "time_embed.2", "time_embedding.linear_2",
          "label_emb.0.0", "add_embedding.linear_1",
          "label_emb.0.2", "add_embedding.linear_2",
          "input_blocks.0.0", "conv_in",
          "out.0", "conv_norm_out",
          "out.2", "conv_out");

  private static final Map<String, String> RESNET =
      Map.of(
          "in_layers.0", "norm1",
          "in_layers.2", "conv1",
          "emb_layers.1", "time_emb_proj",
          "out_layers.0", "norm2",
          "out_layers.3", "conv2",
          "skip_connection", "conv_shortcut");

  private static final Map<String, String> MIDDLE =
      Map.of("0", "resnets.0", "1", "attentions.0", "2", "resnets.1");

  private static final Pattern MIDDLE_BLOCK = Pattern.compile("middle_block\\.([012])\\.(.+)");
  private static final Pattern BLOCK =
      Pattern.compile("(input|output)_blocks\\.(\\d{1,4})\\.([012])\\.(.+)");

  private final int layersPerBlock;

  private LdmNames(int layersPerBlock) {
    this.layersPerBlock = layersPerBlock;
  }

  /**
   * @param layersPerBlock of the U-Net; 2 in all of Stable Diffusion
   */
  public static LdmNames unet(int layersPerBlock) {
    checkArgument(layersPerBlock > 0, "layersPerBlock must be > 0, was %s", layersPerBlock);
    return new LdmNames(layersPerBlock);
  }

  /**
   * Diffusers' name of a layer.
   *
   * @param layer the original name, without {@code model.diffusion_model.} and without {@code
   *     .weight}
   * @return empty if no layer is called so
   */
  public Optional<String> diffusers(String layer) {
    String single = SINGLE.get(layer);
    if (single != null) {
      return Optional.of(single);
    }
    Matcher middle = MIDDLE_BLOCK.matcher(layer);
    if (middle.matches()) {
      String part = requireNonNull(MIDDLE.get(middle.group(1)));
      return inner(part, middle.group(2)).map(tail -> "mid_block." + part + "." + tail);
    }
    Matcher block = BLOCK.matcher(layer);
    return block.matches() ? block(block) : Optional.empty();
  }

  private Optional<String> block(Matcher name) {
    boolean down = name.group(1).equals("input");
    int number = Integer.parseInt(name.group(2)) - (down ? 1 : 0);
    if (number < 0) {
      return Optional.empty();
    }
    String tail = name.group(4);
    String block = (down ? "down" : "up") + "_blocks." + number / (layersPerBlock + 1) + ".";
    if (down && tail.equals("op")) {
      return Optional.of(block + "downsamplers.0.conv");
    }
    if (!down && tail.equals("conv")) {
      return Optional.of(block + "upsamplers.0.conv");
    }
    String kind =
        switch (name.group(3)) {
          case "0" -> "resnets";
          case "1" -> "attentions";
          default -> "";
        };
    int layer = number % (layersPerBlock + 1);
    boolean layered = !down || layer < layersPerBlock;
    return kind.isEmpty() || !layered
        ? Optional.empty()
        : inner(kind, tail).map(rest -> block + kind + "." + layer + "." + rest);
  }

  /** A layer's name within a residual block or an attention block, which keeps its names. */
  private static Optional<String> inner(String kind, String tail) {
    return kind.startsWith("resnets") ? Optional.ofNullable(RESNET.get(tail)) : Optional.of(tail);
  }
}
