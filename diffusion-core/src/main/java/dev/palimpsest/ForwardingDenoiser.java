package dev.palimpsest;

import dev.palimpsest.scheduler.PredictionType;

/** A denoiser that asks another network, and predicts what that one predicts. */
abstract class ForwardingDenoiser<D extends Denoiser> implements Denoiser {
  final D network;

  ForwardingDenoiser(D network) {
    this.network = network;
  }

  @Override
  public int channels() {
    return network.channels();
  }

  @Override
  public PredictionType predictionType() {
    return network.predictionType();
  }

  @Override
  public boolean predictsVariance() {
    return network.predictsVariance();
  }

  @Override
  public String toString() {
    return network.toString();
  }
}
