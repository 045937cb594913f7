package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * A large picture in two passes: first at a size that the model knows, so that there is one subject
 * and not several, then enlarged and denoised again to the size asked for, which adds detail.
 * Immutable.
 *
 * @param space what is enlarged between the passes
 * @param strength how much of the second way is denoised, above 0 to 1
 * @param width of the first pass in pixels; 0 for a picture of about the model's native area
 * @param height of the first pass in pixels; 0 as well
 */
public record Hires(Space space, double strength, int width, int height) {

  /** What is enlarged between the passes. */
  public enum Space {
    /**
     * The latents, bilinearly: fast, and blurred, so that it needs a strength of about 0.55 or
     * more.
     */
    LATENTS,
    /** The picture, by the pipeline's {@link Upscaler}; it is decoded and encoded for that. */
    PIXELS
  }

  public Hires {
    checkArgument(0 < strength && strength <= 1, "strength must be in (0, 1], was %s", strength);
    checkArgument(
        width > 0 == height > 0 && width >= 0 && height >= 0,
        "the first pass's width and height must be > 0, were %sx%s",
        width,
        height);
  }

  /** Enlarges latents. */
  public static Hires latents(double strength) {
    return new Hires(Space.LATENTS, strength, 0, 0);
  }

  /** Enlarges pixels. */
  public static Hires pixels(double strength) {
    return new Hires(Space.PIXELS, strength, 0, 0);
  }

  /** The same from another size, in pixels. */
  public Hires from(int width, int height) {
    checkArgument(
        width > 0 && height > 0,
        "the first pass's width and height must be > 0, were %sx%s",
        width,
        height);
    return new Hires(space, strength, width, height);
  }
}
