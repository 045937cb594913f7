package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A size that training pictures are brought to.
 *
 * @param width in pixels
 * @param height in pixels
 */
public record Bucket(int width, int height) {
  /** By pixels, then by width. */
  static final Comparator<Bucket> ORDER =
      Comparator.comparingLong(Bucket::pixels).thenComparingInt(Bucket::width);

  /** The largest side of a square that is trained on. */
  public static final int MAX_TARGET = 2560;

  /** Longer pictures lose much to cropping; SDXL was trained to 4 as well. */
  private static final int MAX_ASPECT = 4;

  public Bucket {
    checkArgument(width > 0 && height > 0, "a bucket of %sx%s pixels", width, height);
  }

  /**
   * The sizes that have at most as many pixels as a square, sides in steps: to each width the
   * largest height.
   *
   * @param target the square's side
   * @param multiple of which all sides are multiples
   */
  public static List<Bucket> around(int target, int multiple) {
    checkArgument(multiple > 0, "sides cannot be multiples of %s", multiple);
    checkArgument(
        0 < target && target <= MAX_TARGET && target % multiple == 0,
        "a resolution must be a multiple of %s up to %s, was %s",
        multiple,
        MAX_TARGET,
        target);
    long area = (long) target * target;
    List<Bucket> sizes = new ArrayList<>();
    for (int width = multiple; (long) width * multiple <= area; width += multiple) {
      int height = (int) (area / width) / multiple * multiple;
      if (Math.max(width, height) <= MAX_ASPECT * Math.min(width, height)) {
        sizes.add(new Bucket(width, height));
      }
    }
    return sizes;
  }

  /** The one whose aspect ratio is nearest in logarithms; of equal ones the largest. */
  static Bucket nearest(List<Bucket> sizes, int width, int height) {
    Bucket best = sizes.get(0);
    for (Bucket size : sizes) {
      double difference = size.error(width, height) - best.error(width, height);
      if (difference < 0 || (difference == 0 && size.pixels() > best.pixels())) {
        best = size;
      }
    }
    return best;
  }

  /** |log| of the ratio of aspect ratios. */
  double error(int otherWidth, int otherHeight) {
    return Math.abs(Math.log((double) width * otherHeight / ((double) height * otherWidth)));
  }

  public long pixels() {
    return (long) width * height;
  }

  @Override
  public String toString() {
    return width + "x" + height;
  }
}
