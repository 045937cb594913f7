package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

/**
 * The learning rate of each step: it rises evenly during a warm-up and then follows a curve.
 * Numbers as diffusers' optimization.py, where the first step of a warm-up has rate 0.
 *
 * @param peak the rate after the warm-up
 * @param warmup steps of the warm-up
 * @param steps where the curve reaches 0; without meaning for {@link Curve#CONSTANT}
 */
public record LearningRate(Curve curve, double peak, long warmup, long steps) {

  /** What follows the warm-up. */
  public enum Curve {
    CONSTANT,
    /** Half a cosine down to 0. */
    COSINE,
    /** Evenly down to 0. */
    LINEAR
  }

  public LearningRate {
    requireNonNull(curve);
    checkArgument(peak >= 0 && peak < Double.MAX_VALUE, "a rate must be >= 0, was %s", peak);
    checkArgument(warmup >= 0, "warmup must be >= 0 steps, was %s", warmup);
    checkArgument(
        curve == Curve.CONSTANT || steps > 0, "a %s curve needs steps > 0, was %s", curve, steps);
  }

  public static LearningRate constant(double rate) {
    return new LearningRate(Curve.CONSTANT, rate, 0, 0);
  }

  public static LearningRate cosine(double peak, long steps) {
    return new LearningRate(Curve.COSINE, peak, 0, steps);
  }

  public static LearningRate linear(double peak, long steps) {
    return new LearningRate(Curve.LINEAR, peak, 0, steps);
  }

  /** This curve after a rise over so many steps. */
  public LearningRate warmup(long count) {
    return new LearningRate(curve, peak, count, steps);
  }

  /**
   * The rate of a step.
   *
   * @param step steps done before it, from 0
   */
  public double at(long step) {
    if (step < warmup) {
      return peak * step / Math.max(1, warmup);
    }
    double span = Math.max(1, steps - warmup);
    return switch (curve) {
      case CONSTANT -> peak;
      case COSINE ->
          peak * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * 2 * 0.5 * (step - warmup) / span)));
      case LINEAR -> peak * Math.max(0, (steps - step) / span);
    };
  }
}
