package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Locale;

/**
 * One attention layer of a network.
 *
 * @param name the layer's name in the checkpoint, such as {@code
 *     mid_block.attentions.0.transformer_blocks.0.attn2}
 * @param kind what it attends to
 * @param heads the number of heads
 * @param downscale how many latents a side of one query token stands for: 1 at full size, then 2,
 *     4, 8; 0 if the graph does not tell
 */
public record AttentionSite(String name, Kind kind, int heads, int downscale) {
  /** What a layer attends to. */
  public enum Kind {
    /** The picture itself. */
    SELF,
    /** The text. */
    CROSS,
    /** Both at once, the text first. */
    JOINT
  }

  /** Query tokens a side of a picture of so many latents a side. */
  int side(int latents) {
    checkArgument(downscale > 0, "the resolution of %s is not known", this);
    return (latents + downscale - 1) / downscale;
  }

  /** Refuses an edit that acts on words where there are none. */
  void checkCross(AttentionEdit edit) {
    checkArgument(
        kind == Kind.CROSS, "%s acts on words, but %s does not attend to words alone", edit, this);
  }

  @Override
  public String toString() {
    return name + " (" + kind.name().toLowerCase(Locale.ROOT) + ", 1/" + downscale + ")";
  }
}
