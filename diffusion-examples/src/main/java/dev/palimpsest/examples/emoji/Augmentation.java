package dev.palimpsest.examples.emoji;

import static dev.palimpsest.examples.emoji.Emoji64.SIZE;

import dev.palimpsest.image.Pictures;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.SeededStream;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;

/**
 * How pictures are varied for the judge, so that it knows a subject that is moved, turned,
 * mirrored, or drawn less cleanly than by hand: all bounds are the largest of a uniform draw.
 *
 * @param turn degrees
 * @param move pixels
 * @param scale part of the size
 * @param mirrored how often left and right are exchanged
 * @param contrast part of the distance from white
 * @param tint change of one colour channel, in units of [-1, 1]
 * @param coarse the smallest part of the size to which a picture is reduced and enlarged again
 * @param noise standard deviation in units of [-1, 1]
 */
public record Augmentation(
    double turn,
    double move,
    double scale,
    double mirrored,
    double contrast,
    double tint,
    double coarse,
    double noise) {

  static final Augmentation FULL = new Augmentation(10, 4, 0.12, 0.5, 0.2, 0.1, 0.5, 0.08);

  /** A varied picture as float32 [3, 64, 64] in [-1, 1]. */
  public float[] apply(BufferedImage picture, SeededStream random) {
    BufferedImage placed = draw(picture, SIZE, placement(random));
    int reduced = (int) Math.round(SIZE * (1 - random.uniform() * (1 - coarse)));
    if (random.uniform() < 0.5) {
      double down = (double) reduced / SIZE;
      BufferedImage small = draw(placed, reduced, AffineTransform.getScaleInstance(down, down));
      placed = draw(small, SIZE, AffineTransform.getScaleInstance(1 / down, 1 / down));
    }
    float[] values = plain(placed);
    colour(values, random);
    return values;
  }

  /** A picture as it is, as float32 [3, 64, 64] in [-1, 1]. */
  public static float[] plain(BufferedImage picture) {
    Tensor tensor = Pictures.toTensor(picture);
    return tensor.floats();
  }

  private AffineTransform placement(SeededStream random) {
    double half = SIZE / 2.0;
    double size = 1 + within(scale, random);
    var transform = new AffineTransform();
    transform.translate(half + within(move, random), half + within(move, random));
    transform.rotate(Math.toRadians(within(turn, random)));
    transform.scale(random.uniform() < mirrored ? -size : size, size);
    transform.translate(-half, -half);
    return transform;
  }

  private static BufferedImage draw(BufferedImage picture, int size, AffineTransform transform) {
    var drawn = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = drawn.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, size, size);
    graphics.drawImage(picture, transform, null);
    graphics.dispose();
    return drawn;
  }

  private void colour(float[] values, SeededStream random) {
    int plane = SIZE * SIZE;
    double strength = 1 + within(contrast, random);
    double grain = noise * random.uniform();
    for (int c = 0; c < 3; c++) {
      double shift = within(tint, random);
      for (int i = c * plane; i < (c + 1) * plane; i++) {
        double inked = 1 - values[i];
        double value = 1 - inked * strength + Math.min(inked, 1) * shift + grain * random.normal();
        values[i] = (float) Math.min(Math.max(value, -1), 1);
      }
    }
  }

  private static double within(double bound, SeededStream random) {
    return bound * (2 * random.uniform() - 1);
  }
}
