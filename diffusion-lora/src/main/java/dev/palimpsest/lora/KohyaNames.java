package dev.palimpsest.lora;

import dev.palimpsest.checkpoint.LdmNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Module paths with underscores for dots, as kohya's scripts write them, taken apart by the words
 * that paths are made of: diffusers' names, and the original block names that files for Stable
 * Diffusion XL use.
 */
final class KohyaNames {
  /** Path elements that contain underscores; all others are single words or numbers. */
  private static final List<String> ELEMENTS =
      List.of(
          "down_blocks",
          "up_blocks",
          "mid_block",
          "transformer_blocks",
          "to_q",
          "to_k",
          "to_v",
          "to_out",
          "add_k_proj",
          "add_v_proj",
          "proj_in",
          "proj_out",
          "conv_in",
          "conv_out",
          "conv_shortcut",
          "time_emb_proj",
          "time_embedding",
          "add_embedding",
          "class_embedding",
          "encoder_hid_proj",
          "linear_1",
          "linear_2",
          "text_model",
          "text_projection",
          "token_embedding",
          "position_embedding",
          "self_attn",
          "q_proj",
          "k_proj",
          "v_proj",
          "out_proj",
          "input_blocks",
          "middle_block",
          "output_blocks",
          "in_layers",
          "emb_layers",
          "out_layers",
          "skip_connection",
          "time_embed",
          "label_emb");

  private static final List<String> WORDS =
      List.of(
          "attentions",
          "resnets",
          "downsamplers",
          "upsamplers",
          "attn1",
          "attn2",
          "ff",
          "net",
          "proj",
          "conv",
          "conv1",
          "conv2",
          "encoder",
          "layers",
          "mlp",
          "fc1",
          "fc2",
          "embeddings",
          "op",
          "out");

  private static final List<String> ORIGINAL =
      List.of("input_blocks", "middle_block", "output_blocks", "time_embed", "label_emb", "out");

  private static final LdmNames LDM = LdmNames.unet(2);

  private KohyaNames() {}

  /** The module path under diffusers' names; empty if it contains an unknown word. */
  static Optional<String> dotted(String name) {
    var path = new ArrayList<String>();
    String[] words = name.split("_", -1);
    for (int i = 0; i < words.length; ) {
      int length = elementAt(words, i);
      if (length == 0) {
        return Optional.empty();
      }
      path.add(String.join("_", List.of(words).subList(i, i + length)));
      i += length;
    }
    String dotted = String.join(".", path);
    return ORIGINAL.contains(path.get(0)) ? LDM.diffusers(dotted) : Optional.of(dotted);
  }

  /** How many words the longest path element at {@code from} takes; 0 if there is none. */
  private static int elementAt(String[] words, int from) {
    for (int length = Math.min(3, words.length - from); length > 1; length--) {
      if (ELEMENTS.contains(String.join("_", List.of(words).subList(from, from + length)))) {
        return length;
      }
    }
    String word = words[from];
    return WORDS.contains(word) || word.matches("\\d{1,4}") ? 1 : 0;
  }
}
