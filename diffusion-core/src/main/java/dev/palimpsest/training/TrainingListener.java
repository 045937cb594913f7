package dev.palimpsest.training;

/**
 * Told of each step of a training, on the training thread. An exception thrown here ends the
 * training and reaches the caller; the last saved state stays.
 */
@FunctionalInterface
public interface TrainingListener {
  TrainingListener NONE = step -> {};

  void onStep(TrainingStep step);

  /** Told of every n-th step and of the last, such as for validation pictures. */
  static TrainingListener every(long n, TrainingListener listener) {
    return step -> {
      if (step.step() % n == 0 || step.step() == step.steps()) {
        listener.onStep(step);
      }
    };
  }

  /** This one, then {@code next}. */
  default TrainingListener and(TrainingListener next) {
    return step -> {
      onStep(step);
      next.onStep(step);
    };
  }
}
