package dev.palimpsest.errors;

/** A training whose loss or gradients are no longer finite, or that stopped moving its weights. */
public final class TrainingDivergedException extends DiffusionException {
  private static final long serialVersionUID = 1L;

  public TrainingDivergedException(String message) {
    super(message);
  }
}
