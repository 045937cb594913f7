package dev.palimpsest.examples.conformance;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The order in which torch lists a U-Net's parameters: that in which diffusers' modules are made,
 * which runs up before it comes to the middle.
 */
final class ModuleOrder implements Comparator<String> {
  static final ModuleOrder INSTANCE = new ModuleOrder();

  private static final Map<String, Integer> RANKS = new TreeMap<>();

  static {
    Stream.of(
            List.of("conv_in", "time_proj", "time_embedding", "encoder_hid_proj"),
            List.of("class_embedding", "add_embedding", "down_blocks", "up_blocks", "mid_block"),
            List.of("attentions", "resnets", "downsamplers", "upsamplers"),
            List.of("conv_norm_out", "conv_out"),
            List.of("norm", "proj_in", "transformer_blocks", "proj_out"),
            List.of("norm1", "conv1", "time_emb_proj", "norm2", "conv2", "conv_shortcut"),
            List.of("attn1", "attn2", "norm3", "ff"),
            List.of("to_q", "to_k", "to_v", "to_out"),
            List.of("linear_1", "cond_proj", "linear_2"),
            List.of("proj", "weight", "bias"))
        .flatMap(List::stream)
        .forEach(name -> RANKS.put(name, RANKS.size()));
  }

  private ModuleOrder() {}

  @Override
  public int compare(String first, String second) {
    String[] a = first.split("\\.");
    String[] b = second.split("\\.");
    for (int i = 0; i < Math.min(a.length, b.length); i++) {
      int order = Integer.compare(rank(a[i]), rank(b[i]));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(a.length, b.length);
  }

  private static int rank(String part) {
    return part.chars().allMatch(Character::isDigit)
        ? Integer.parseInt(part)
        : RANKS.getOrDefault(part, RANKS.size());
  }
}
