package dev.palimpsest.checkpoint;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The autoencoder's layers as the original latent diffusion code names them, turned into diffusers'
 * names; the decoder's blocks are counted from the other end. Immutable. Source: diffusers
 * scripts/convert_vae_pt_to_diffusers.
 */
final class LdmVaeNames {
  private static final Map<String, String> ATTENTION =
      Map.of("norm", "group_norm", "q", "to_q", "k", "to_k", "v", "to_v", "proj_out", "to_out.0");

  private static final Pattern HALF = Pattern.compile("(encoder|decoder)\\.(.+)");
  private static final Pattern RESNET =
      Pattern.compile("(down|up)\\.(\\d{1,3})\\.block\\.(\\d{1,3})\\.(\\w+)");
  private static final Pattern SAMPLER =
      Pattern.compile("(down|up)\\.(\\d{1,3})\\.(down|up)sample\\.conv");
  private static final Pattern MIDDLE = Pattern.compile("mid\\.(block_[12]|attn_1)\\.(\\w+)");

  private final int blocks;

  /**
   * @param blocks of the decoder
   */
  LdmVaeNames(int blocks) {
    this.blocks = blocks;
  }

  /** Diffusers' name of a layer; empty if no layer is called so. */
  Optional<String> diffusers(String layer) {
    if (layer.equals("quant_conv") || layer.equals("post_quant_conv")) {
      return Optional.of(layer);
    }
    Matcher half = HALF.matcher(layer);
    return half.matches()
        ? inner(half.group(2)).map(inner -> half.group(1) + "." + inner)
        : Optional.empty();
  }

  private Optional<String> inner(String layer) {
    if (layer.equals("conv_in") || layer.equals("conv_out")) {
      return Optional.of(layer);
    }
    if (layer.equals("norm_out")) {
      return Optional.of("conv_norm_out");
    }
    Matcher resnet = RESNET.matcher(layer);
    if (resnet.matches()) {
      return Optional.of(
          block(resnet) + ".resnets." + resnet.group(3) + "." + shortcut(resnet.group(4)));
    }
    Matcher sampler = SAMPLER.matcher(layer);
    if (sampler.matches()) {
      return Optional.of(block(sampler) + "." + sampler.group(3) + "samplers.0.conv");
    }
    Matcher middle = MIDDLE.matcher(layer);
    return middle.matches() ? middle(middle.group(1), middle.group(2)) : Optional.empty();
  }

  private String block(Matcher name) {
    int number = Integer.parseInt(name.group(2));
    String side = name.group(1);
    return side + "_blocks." + (side.equals("up") ? blocks - 1 - number : number);
  }

  private static Optional<String> middle(String part, String layer) {
    if (!part.startsWith("block_")) {
      return Optional.ofNullable(ATTENTION.get(layer)).map(now -> "mid_block.attentions.0." + now);
    }
    int resnet = part.charAt(part.length() - 1) - '1';
    return Optional.of("mid_block.resnets." + resnet + "." + shortcut(layer));
  }

  private static String shortcut(String layer) {
    return layer.equals("nin_shortcut") ? "conv_shortcut" : layer;
  }
}
