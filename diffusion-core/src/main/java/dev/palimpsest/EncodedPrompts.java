package dev.palimpsest;

import java.util.List;
import java.util.Optional;

/**
 * What a request's prompt is to the network. Immutable.
 *
 * @param positive one row
 * @param negative one row; empty without guidance
 * @param warnings what the caller should know, such as text that was cut
 */
public record EncodedPrompts(
    Conditioning positive, Optional<Conditioning> negative, List<String> warnings) {
  public EncodedPrompts {
    warnings = List.copyOf(warnings);
  }
}
