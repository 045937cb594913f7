package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.util.function.BiFunction;

/**
 * A part of a picture with a prompt of its own. Elsewhere the request's prompt holds; where regions
 * overlap, their predictions are averaged. Immutable.
 */
public final class PromptRegion {
  private final String prompt;
  private final BiFunction<Integer, Integer, BufferedImage> mask;

  private PromptRegion(String prompt, BiFunction<Integer, Integer, BufferedImage> mask) {
    this.prompt = requireNonNull(prompt);
    this.mask = mask;
  }

  /**
   * A rectangle, in pixels of the picture that is asked for.
   *
   * @param box left, top, width and height
   */
  public static PromptRegion box(String prompt, Rectangle box) {
    var copy = new Rectangle(box);
    checkArgument(!copy.isEmpty(), "a region's box must not be empty, was %s", copy);
    return new PromptRegion(
        prompt,
        (width, height) -> {
          checkArgument(
              new Rectangle(width, height).contains(copy),
              "the region '%s' with %s is not inside the picture of %sx%s",
              prompt,
              copy,
              width,
              height);
          return drawn(copy, width, height);
        });
  }

  /** Where a picture is white; it is resized to the picture that is asked for. */
  public static PromptRegion mask(String prompt, BufferedImage mask) {
    requireNonNull(mask);
    return new PromptRegion(prompt, (width, height) -> mask);
  }

  public String prompt() {
    return prompt;
  }

  /** White where the prompt holds. */
  BufferedImage mask(int width, int height) {
    return mask.apply(width, height);
  }

  private static BufferedImage drawn(Rectangle box, int width, int height) {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fill(box);
    graphics.dispose();
    return image;
  }
}
