package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.Tensor;

/**
 * A picture to learn from.
 *
 * @param pixels float32 [channels, height, width] in [-1, 1]
 * @param caption what it shows; empty where there is none
 * @param label its class, from 0; -1 where there is none
 */
public record TrainingItem(Tensor pixels, String caption, int label) {
  private static final int NO_LABEL = -1;

  public TrainingItem {
    requireNonNull(caption);
    checkArgument(
        pixels.shape().rank() == 3, "pixels must be [channels, height, width], were %s", pixels);
    checkArgument(label >= NO_LABEL, "a label must be >= 0, was %s", label);
  }

  public static TrainingItem of(Tensor pixels) {
    return new TrainingItem(pixels, "", NO_LABEL);
  }

  public static TrainingItem captioned(Tensor pixels, String caption) {
    return new TrainingItem(pixels, caption, NO_LABEL);
  }

  public static TrainingItem labelled(Tensor pixels, int label) {
    checkArgument(label >= 0, "a label must be >= 0, was %s", label);
    return new TrainingItem(pixels, "", label);
  }

  /** This picture with left and right exchanged. */
  public TrainingItem flipped() {
    float[] from = pixels.floats();
    float[] to = new float[from.length];
    int width = (int) pixels.shape().dim(2);
    for (int i = 0; i < to.length; i++) {
      int x = i % width;
      to[i] = from[i - x + width - 1 - x];
    }
    return new TrainingItem(Tensor.of(pixels.shape(), to), caption, label);
  }
}
