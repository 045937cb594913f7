package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Comparator;

/**
 * A module that a LoRA adapts.
 *
 * @param component the network in the checkpoint: {@code unet}, {@code text_encoder} or {@code
 *     text_encoder_2}
 * @param module the layer in it under diffusers' name, such as {@code
 *     mid_block.attentions.0.transformer_blocks.0.attn1.to_q}
 */
public record LoraTarget(String component, String module) implements Comparable<LoraTarget> {
  private static final Comparator<LoraTarget> ORDER =
      Comparator.comparing(LoraTarget::component).thenComparing(LoraTarget::module);

  public LoraTarget {
    checkArgument(!component.isBlank() && !module.isBlank(), "a target needs names");
  }

  /** The name of the adapted weight in the component. */
  public String weight() {
    return module + ".weight";
  }

  @Override
  public int compareTo(LoraTarget other) {
    return ORDER.compare(this, other);
  }

  /** Component and module: {@code unet.conv_in}. */
  @Override
  public String toString() {
    return component + "." + module;
  }
}
