package dev.palimpsest;

import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The network as a scheduler sees it: conditioned, guided, and with the channels of a mask beside
 * the sample where the model has them. The guidance pair is one batch, the negative half first.
 */
final class GuidedNetwork implements DenoisingFunction {
  private final Denoiser denoiser;
  private final Conditioning conditioning;
  private final @Nullable Guidance guidance;
  private final @Nullable Tensor extraChannels;
  private final Cancellation cancellation;

  /**
   * @param conditioning a row a picture, or with guidance the negative rows and then the others
   * @param guidance null for none
   * @param extraChannels float32 [images, channels, height, width] beside the sample, or null
   */
  GuidedNetwork(
      Denoiser denoiser,
      Conditioning conditioning,
      @Nullable Guidance guidance,
      @Nullable Tensor extraChannels,
      Cancellation cancellation) {
    this.denoiser = denoiser;
    this.conditioning = conditioning;
    this.guidance = guidance;
    this.extraChannels = extraChannels;
    this.cancellation = cancellation;
  }

  @Override
  public Tensor predict(Tensor scaledX, double timestep) {
    Tensor x = extraChannels == null ? scaledX : Tensor.concat(1, List.of(scaledX, extraChannels));
    int images = (int) x.shape().dim(0);
    Tensor in = guidance == null ? x : Tensor.concat(List.of(x, x));
    Tensor out = denoiser.predict(in, timestep, conditioning, cancellation);
    check(scaledX.shape().withDim(0, in.shape().dim(0)), out, timestep);
    return guidance == null
        ? out
        : guidance.combine(out.rows(0, images), out.rows(images, 2 * images));
  }

  private void check(Shape sample, Tensor out, double timestep) {
    long channels = sample.dim(1) * (denoiser.predictsVariance() ? 2 : 1);
    Shape expected = sample.withDim(1, channels);
    checkState(
        out.shape().equals(expected),
        "the denoiser returned shape %s for a sample of shape %s; expected %s",
        out.shape(),
        sample,
        expected);
    for (float value : out.floats()) {
      if (!Float.isFinite(value)) {
        throw new InferenceException(
            "the denoiser returned " + value + " at timestep " + timestep + " for " + sample);
      }
    }
  }
}
