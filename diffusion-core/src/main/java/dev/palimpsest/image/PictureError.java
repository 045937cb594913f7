package dev.palimpsest.image;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Tensor;

/**
 * How far a picture is from another, over all channels and pixels, in units of the range 0..1.
 *
 * @param rootMeanSquare the root of the mean squared difference
 * @param largest the largest difference
 */
public record PictureError(double rootMeanSquare, double largest) {

  /**
   * The error of pictures in 0..1, such as {@link Pictures#toUnit} gives.
   *
   * @throws IllegalArgumentException if their shapes differ
   */
  public static PictureError of(Tensor expected, Tensor actual) {
    checkArgument(
        expected.shape().equals(actual.shape()) && expected.elements() > 0,
        "pictures of shapes %s and %s cannot be compared",
        expected.shape(),
        actual.shape());
    float[] a = expected.floats();
    float[] b = actual.floats();
    double squares = 0;
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      double difference = Math.abs((double) a[i] - b[i]);
      squares += difference * difference;
      largest = Math.max(largest, difference);
    }
    return new PictureError(Math.sqrt(squares / a.length), largest);
  }

  /** The peak signal-to-noise ratio in decibels; infinite for equal pictures. */
  public double psnr() {
    return -20 * Math.log10(rootMeanSquare);
  }
}
