package dev.palimpsest.attention;

/**
 * One attention layer of a network.
 *
 * @param name the layer's name in the checkpoint, such as {@code
 *     mid_block.attentions.0.transformer_blocks.0.attn2}
 * @param kind whether it attends to the picture itself or to the text
 * @param heads the number of heads
 */
public record AttentionSite(String name, Kind kind, int heads) {
  /** What a layer attends to. */
  public enum Kind {
    SELF,
    CROSS
  }
}
