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
 * the sample where the model has them. The guidance pair is one batch, the negative half first, and
 * the pictures once more for each edit that is guided away from.
 */
final class GuidedNetwork implements DenoisingFunction {
  private final Denoiser denoiser;
  private final Conditioning conditioning;
  private final @Nullable Guidance guidance;
  private final Away away;
  private final @Nullable Tensor extraChannels;
  private final Cancellation cancellation;

  /**
   * What predictions are guided away from: the first pictures' alone, not those of their sources.
   *
   * @param scales s of each term s·(ê − ê_edited)
   */
  record Away(int images, List<Double> scales) {
    static final Away NONE = new Away(0, List.of());

    Away {
      scales = List.copyOf(scales);
    }
  }

  /**
   * @param conditioning a row a picture, or with guidance the negative rows and then the others
   * @param guidance null for none
   * @param away what is guided away from, whose rows are behind the others
   * @param extraChannels float32 [images, channels, height, width] beside the sample, or null
   */
  GuidedNetwork(
      Denoiser denoiser,
      Conditioning conditioning,
      @Nullable Guidance guidance,
      Away away,
      @Nullable Tensor extraChannels,
      Cancellation cancellation) {
    this.denoiser = denoiser;
    this.conditioning = conditioning;
    this.guidance = guidance;
    this.away = away;
    this.extraChannels = extraChannels;
    this.cancellation = cancellation;
  }

  @Override
  public Tensor predict(Tensor scaledX, double timestep) {
    Tensor x = extraChannels == null ? scaledX : Tensor.concat(1, List.of(scaledX, extraChannels));
    int rows = (int) x.shape().dim(0);
    Tensor in = guidance == null ? x : Tensor.concat(List.of(x, x));
    int images = away.images();
    for (int i = 0; i < away.scales().size(); i++) {
      in = Tensor.concat(List.of(in, x.rows(0, images)));
    }
    Tensor out = denoiser.predict(in, timestep, conditioning, cancellation);
    check(scaledX.shape().withDim(0, in.shape().dim(0)), out, timestep);
    int first = guidance == null ? 0 : rows;
    Tensor conditional = out.rows(first, first + rows);
    Tensor guided = guidance == null ? conditional : guidance.weigh(out.rows(0, rows), conditional);
    for (int i = 0; i < away.scales().size(); i++) {
      int from = first + rows + i * images;
      guided =
          Guidance.away(guided, conditional, out.rows(from, from + images), away.scales().get(i));
    }
    return guidance == null ? guided : guidance.rescale(conditional, guided);
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
