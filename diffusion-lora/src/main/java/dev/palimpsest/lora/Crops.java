package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.image.Resampling;
import dev.palimpsest.training.SeededStream;
import java.awt.image.BufferedImage;

/**
 * Which parts of a picture are shown: it is resized to cover its bucket and cut to it. Each picture
 * has a number of such views, which take turns epoch by epoch; the seed decides them.
 *
 * @param views of each picture
 * @param zoom how much larger than needed a picture may be resized, 1 for not at all; uniform
 * @param flips how often left and right are exchanged
 */
public record Crops(int views, double zoom, double flips) {
  /** One view, cut in the middle as any single view that is not zoomed. */
  public static final Crops CENTRED = new Crops(1, 1, 0);

  public Crops {
    checkArgument(1 <= views && views <= 1000, "views must be in 1..1000, were %s", views);
    checkArgument(1 <= zoom && zoom <= 4, "zoom must be in [1, 4], was %s", zoom);
    checkArgument(0 <= flips && flips <= 1, "flips must be in [0, 1], were %s", flips);
  }

  /** Views cut at random places. */
  public static Crops random(int views) {
    return new Crops(views, 1, 0);
  }

  public Crops zoom(double most) {
    return new Crops(views, most, flips);
  }

  public Crops flips(double probability) {
    return new Crops(views, zoom, probability);
  }

  /**
   * A part of a resized picture.
   *
   * @param width of the whole picture, resized
   * @param height of the whole picture, resized
   * @param left where the part begins in it
   * @param top where the part begins in it
   */
  record View(int width, int height, int left, int top, boolean flipped) {
    BufferedImage of(BufferedImage picture, Bucket bucket) {
      BufferedImage whole = Resampling.LANCZOS.resize(picture, width, height);
      var part = new BufferedImage(bucket.width(), bucket.height(), BufferedImage.TYPE_INT_RGB);
      for (int y = 0; y < bucket.height(); y++) {
        for (int x = 0; x < bucket.width(); x++) {
          int from = flipped ? bucket.width() - 1 - x : x;
          part.setRGB(x, y, whole.getRGB(left + from, top + y));
        }
      }
      return part;
    }
  }

  /**
   * A view of a picture.
   *
   * @param random decides it
   */
  View view(int width, int height, Bucket bucket, SeededStream random) {
    double cover =
        Math.max((double) bucket.width() / width, (double) bucket.height() / height)
            * (1 + random.uniform() * (zoom - 1));
    int wide = Math.max(bucket.width(), (int) Math.round(width * cover));
    int high = Math.max(bucket.height(), (int) Math.round(height * cover));
    boolean flipped = random.chance(flips);
    int left = wide - bucket.width();
    int top = high - bucket.height();
    return views == 1 && zoom == 1
        ? new View(wide, high, left / 2, top / 2, flipped)
        : new View(wide, high, random.below(left + 1), random.below(top + 1), flipped);
  }
}
