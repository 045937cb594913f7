package dev.palimpsest.training;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Config;
import java.nio.file.Path;

/**
 * The text encoder that is trained together with a network, and its tokenizer.
 *
 * @param encoder the configuration of a CLIPTextModel
 * @param tokenizer a folder with vocab.json and merges.txt
 */
public record TextConditioning(Config encoder, Path tokenizer) {
  public TextConditioning {
    requireNonNull(encoder);
    requireNonNull(tokenizer);
  }
}
