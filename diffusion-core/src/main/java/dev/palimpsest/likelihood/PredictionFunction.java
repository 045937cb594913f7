package dev.palimpsest.likelihood;

import dev.palimpsest.tensor.Tensor;

/** A network, conditioning inside, as a bound asks it. Called on the caller's thread. */
@FunctionalInterface
public interface PredictionFunction {

  /**
   * @param xt float64 [batch, channels, ...]
   * @param timestep in training timesteps
   * @return of any floating type: of x_t's shape, or with twice the channels where the network
   *     learned its variance
   */
  Tensor predict(Tensor xt, int timestep);
}
