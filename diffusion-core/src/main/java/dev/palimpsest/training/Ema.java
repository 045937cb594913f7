package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * A moving average of the weights beside those that are trained: average = d·average + (1 -
 * d)·weight after each step. Numbers as diffusers' EMAModel (training_utils.py), whose d starts at
 * 0 and rises to the decay.
 *
 * @param decay the largest d
 * @param after steps before the averaging starts; until then the average is the weights
 * @param power 0 for the plain rise d = (1 + n) / (10 + n) at step n; otherwise the rise of
 *     EMAModel's {@code use_ema_warmup}, d = 1 - (1 + n)^-power
 */
public record Ema(double decay, long after, double power) {

  public Ema {
    checkArgument(0 <= decay && decay < 1, "decay must be in [0, 1), was %s", decay);
    checkArgument(after >= 0, "after must be >= 0 steps, was %s", after);
    checkArgument(power >= 0, "power must be >= 0, was %s", power);
  }

  /** The plain rise (1 + n) / (10 + n) to {@code decay}. */
  public static Ema of(double decay) {
    return new Ema(decay, 0, 0);
  }

  public Ema after(long steps) {
    return new Ema(decay, steps, power);
  }

  /** The rise of {@code use_ema_warmup}; 2/3 for a million steps and more, 3/4 for fewer. */
  public Ema power(double value) {
    return new Ema(decay, after, value);
  }

  /**
   * The d after a step.
   *
   * @param step from 1
   */
  public double decayAt(long step) {
    long n = step - after - 1;
    if (n <= 0) {
      return 0;
    }
    double rise = power == 0 ? (1.0 + n) / (10.0 + n) : 1 - Math.pow(1.0 + n, -power);
    return Math.min(rise, decay);
  }

  /** One step of the average of the first {@code count} elements. */
  static void average(float[] averages, float[] weights, double decay, int count) {
    float share = (float) (1 - decay);
    for (int i = 0; i < count; i++) {
      averages[i] -= share * (averages[i] - weights[i]);
    }
  }
}
