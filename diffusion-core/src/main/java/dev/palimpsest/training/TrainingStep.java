package dev.palimpsest.training;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.runtime.Cancellation;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** A finished step of a training. Its weights are those of the moment at which they are asked. */
public final class TrainingStep {
  private final long step;
  private final long steps;
  private final float loss;
  private final double learningRate;
  private final double gradientNorm;
  private final double seconds;
  private final Duration remaining;
  private final Supplier<TrainingResult> result;
  private final Cancellation cancellation;

  TrainingStep(
      long step,
      long steps,
      Figures figures,
      Duration remaining,
      Supplier<TrainingResult> result,
      Cancellation cancellation) {
    this.step = step;
    this.steps = steps;
    this.loss = figures.loss;
    this.learningRate = figures.learningRate;
    this.gradientNorm = figures.gradientNorm;
    this.seconds = figures.seconds;
    this.remaining = remaining;
    this.result = result;
    this.cancellation = cancellation;
  }

  /** What was measured. */
  record Figures(float loss, double learningRate, double gradientNorm, double seconds) {}

  /** Steps done, from 1 to {@link #steps()}. */
  public long step() {
    return step;
  }

  public long steps() {
    return steps;
  }

  /** The mean over the step's batches, before the step. */
  public float loss() {
    return loss;
  }

  public double learningRate() {
    return learningRate;
  }

  /**
   * The length of all gradients as one vector, before clipping; not finite where half precision
   * overflowed and the step was left out.
   */
  public double gradientNorm() {
    return gradientNorm;
  }

  /** How long the step took. */
  public double seconds() {
    return seconds;
  }

  /** An estimate of the time to the last step, from the mean time since the training was opened. */
  public Duration remaining() {
    return remaining;
  }

  /** A copy of the weights as they are now. */
  public Weights weights() {
    return result.get().weights();
  }

  /** A copy of the averaged weights as they are now; empty where none are kept. */
  public Optional<Weights> averaged() {
    return result.get().averaged();
  }

  /** Ends the training after this step; it is saved and gives back what it has. */
  public void cancel() {
    cancellation.cancel();
  }
}
