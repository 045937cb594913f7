package dev.palimpsest.model;

import dev.palimpsest.checkpoint.Config;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a U-Net's input {@code class_labels} holds, if it has one. */
public enum ClassEmbedding {
  /** There is no such input. */
  NONE,
  /** int64 [batch], each the number of a class. */
  LABEL,
  /** float32 [batch], numbers embedded as timesteps are. */
  TIMESTEP,
  /** float32 [batch, time embedding width], used as it is. */
  IDENTITY,
  /** float32 [batch, width], through two linear layers. */
  PROJECTION,
  /** float32 [batch, width], through one linear layer. */
  SIMPLE_PROJECTION;

  /** The embedding that a configuration asks for, of those that a network has. */
  static ClassEmbedding of(Config config, ClassEmbedding... possible) {
    if (config.isNull("class_embed_type")) {
      return config.isNull("num_class_embeds") ? NONE : LABEL;
    }
    Map<String, ClassEmbedding> table = new LinkedHashMap<>();
    for (ClassEmbedding embedding : possible) {
      table.put(embedding.name().toLowerCase(Locale.ROOT), embedding);
    }
    return Choice.of(config, "class_embed_type", config.string("class_embed_type"), table);
  }
}
