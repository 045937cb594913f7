package dev.palimpsest;

import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.attention.AttentionMaps;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a generation gave. Immutable.
 *
 * @param images the accepted pictures, in the order of their seeds
 * @param rejected the pictures that a check rejected, with the reasons
 * @param warnings what the caller should know, such as a prompt that was cut
 * @param attention what the request's capturing edits kept, one an edit, averaged over the steps;
 *     of all pictures, rejected ones too
 */
public record GenerationResult(
    List<GeneratedImage> images,
    List<Rejection> rejected,
    List<String> warnings,
    List<AttentionMaps> attention) {

  /**
   * A picture that a check did not let pass.
   *
   * @param seed empty if the noise was the caller's
   */
  public record Rejection(OptionalLong seed, String reason) {}

  public GenerationResult {
    images = List.copyOf(images);
    rejected = List.copyOf(rejected);
    warnings = List.copyOf(warnings);
    attention = List.copyOf(attention);
  }

  /**
   * The first picture.
   *
   * @throws IllegalStateException if none was accepted
   */
  public GeneratedImage first() {
    checkState(!images.isEmpty(), "no picture was accepted: %s", rejected);
    return images.get(0);
  }
}
