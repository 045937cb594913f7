package dev.palimpsest.esd;

import dev.palimpsest.checkpoint.Checkpoint;
import java.util.List;

/** Which layers of a U-Net the methods that train more than cross-attention leave out. */
public enum ParameterRule {
  /** Stable Diffusion 1 and 2: none. */
  SD(List.of()),
  /** Stable Diffusion XL: first and last convolution, whatever embeds timesteps and sizes. */
  SDXL(List.of("conv_in", "conv_out", "time_emb", "add_embedding"));

  private final List<String> leftOut;

  ParameterRule(List<String> leftOut) {
    this.leftOut = leftOut;
  }

  /** The rule for a checkpoint, by the pipeline that it declares. */
  public static ParameterRule of(Checkpoint checkpoint) {
    return checkpoint.className().startsWith("StableDiffusionXL") ? SDXL : SD;
  }

  boolean allows(String name) {
    return leftOut.stream().noneMatch(name::contains);
  }
}
