package dev.palimpsest.examples.metrics;

import dev.palimpsest.tensor.Tensor;

/** What a classifier says of one picture: a score a class before the softmax. Immutable. */
public final class Logits {
  private final float[] values;

  private Logits(float[] values) {
    this.values = values;
  }

  /**
   * Those of a row.
   *
   * @param logits float32 [pictures, classes]
   */
  public static Logits of(Tensor logits, int row) {
    return new Logits(logits.rows(row, row + 1).floats());
  }

  /** The index of the likeliest class; the first of equals. */
  public int largest() {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }

  /** The softmax at a class, in 0..1. */
  public double share(int index) {
    double sum = 0;
    for (float value : values) {
      sum += Math.exp(value - values[index]);
    }
    return 1 / sum;
  }
}
