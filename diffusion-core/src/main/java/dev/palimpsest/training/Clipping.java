package dev.palimpsest.training;

/** Clipping of gradients by their length as one vector, as torch's clip_grad_norm_. */
final class Clipping {
  private Clipping() {}

  /** What gradients of length {@code norm} are multiplied by to be at most {@code most} long. */
  static double factor(double most, double norm) {
    return Math.min(1, (float) (most / (norm + 1e-6)));
  }
}
