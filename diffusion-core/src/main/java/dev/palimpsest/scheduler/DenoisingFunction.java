package dev.palimpsest.scheduler;

import dev.palimpsest.tensor.Tensor;

/**
 * The raw network as a solver sees it: guidance, conditioning and batching are already inside.
 *
 * <p>Called on the thread of the run, once per network evaluation.
 */
@FunctionalInterface
public interface DenoisingFunction {

  /**
   * @param scaledX float32 [batch, channels, ...], already scaled as the network expects its input
   * @param timestep in training timesteps, fractional with some solvers
   * @return float32 of the same shape, or with twice the channels where the plan says that the
   *     network predicts its variance; of the plan's {@link PredictionType}
   */
  Tensor predict(Tensor scaledX, double timestep);
}
