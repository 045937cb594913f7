package dev.palimpsest;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Tensor;

/**
 * A network that predicts the noise, the clean sample or the velocity in a noisy sample. Any
 * network whose output has its input's shape can be one, U-Net or not. Implementations must be
 * thread-safe.
 */
public interface Denoiser extends AutoCloseable {

  /** Channels of the sample, without those of a mask or a masked picture. */
  int channels();

  /** What {@link #predict} returns. */
  PredictionType predictionType();

  /** Whether the output holds as many channels again, which interpolate the variance. */
  default boolean predictsVariance() {
    return false;
  }

  /**
   * One evaluation.
   *
   * @param x float32 [batch, channels, height, width], scaled as the scheduler demands
   * @param timestep in training timesteps, the same for all rows
   * @param conditioning tensors of as many rows
   * @param cancellation stops the call early
   * @return float32 of x's shape, or with twice the channels if {@link #predictsVariance}
   * @throws dev.palimpsest.errors.CancelledException if cancelled
   */
  Tensor predict(Tensor x, double timestep, Conditioning conditioning, Cancellation cancellation);

  /** Releases native memory. Who hands a denoiser to a pipeline closes it. */
  @Override
  default void close() {}
}
