package dev.palimpsest;

import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.Step;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.Function;

/** A finished solver step. Valid during the listener's call and after it. */
public final class GenerationStep {
  private final int step;
  private final int steps;
  private final double timestep;
  private final Step result;
  private final Function<Tensor, List<BufferedImage>> previews;
  private final Cancellation cancellation;
  private final List<AttentionMaps> attention;

  GenerationStep(
      int step,
      int steps,
      double timestep,
      Step result,
      Function<Tensor, List<BufferedImage>> previews,
      Cancellation cancellation,
      List<AttentionMaps> attention) {
    this.step = step;
    this.steps = steps;
    this.timestep = timestep;
    this.result = result;
    this.previews = previews;
    this.cancellation = cancellation;
    this.attention = List.copyOf(attention);
  }

  /** Steps done, from 1 to {@link #steps()}. */
  public int step() {
    return step;
  }

  public int steps() {
    return steps;
  }

  /** The timestep that the step started from. */
  public double timestep() {
    return timestep;
  }

  /** The state after the step: float32 [images, channels, height, width]. */
  public Tensor latents() {
    return result.x();
  }

  /** The solver's estimate of the clean latents, of the same shape. */
  public Tensor denoised() {
    return result.denoised();
  }

  /** The step as the scheduler returned it. */
  public Step result() {
    return result;
  }

  /**
   * Small rough pictures of the estimate, one an image, a pixel a latent: a linear map of the
   * channels that was fitted to the decoder once.
   */
  public List<BufferedImage> previews() {
    return previews.apply(result.denoised());
  }

  /** What the request's capturing edits kept in this step, one an edit. */
  public List<AttentionMaps> attention() {
    return attention;
  }

  /** Ends the generation with a {@link dev.palimpsest.errors.CancelledException}. */
  public void cancel() {
    cancellation.cancel();
  }
}
