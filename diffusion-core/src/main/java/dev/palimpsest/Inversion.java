package dev.palimpsest;

import dev.palimpsest.tensor.Tensor;
import java.util.List;

/**
 * A picture brought back to the noise that leads to it. Immutable.
 *
 * @param pixels the picture at the size asked for: float32 [1, 3, height, width], 0..1
 * @param encoded its latents, those that are most likely: float32 [1, channels, height /
 *     scaleFactor, width / scaleFactor]
 * @param latents the noise, of the same shape: what {@link GenerationRequest#latents} takes. It is
 *     near standard normal, not exactly
 * @param request what generates the picture again: the inverted request with these latents, this
 *     size and the DDIM solver
 * @param warnings what the caller should know, such as a prompt that was cut
 */
public record Inversion(
    Tensor pixels,
    Tensor encoded,
    Tensor latents,
    GenerationRequest request,
    List<String> warnings) {
  public Inversion {
    warnings = List.copyOf(warnings);
  }
}
