package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * The sizes that SDXL was told about a training picture, in pixels: its size before scaling, the
 * corner that was cropped away, and the size it was brought to (Podell et al. 2023, section 2.2).
 */
public record SizeConditioning(
    int originalHeight,
    int originalWidth,
    int cropTop,
    int cropLeft,
    int targetHeight,
    int targetWidth) {
  public SizeConditioning {
    checkArgument(
        originalHeight > 0 && originalWidth > 0 && targetHeight > 0 && targetWidth > 0,
        "sizes must be > 0, were %sx%s and %sx%s",
        originalWidth,
        originalHeight,
        targetWidth,
        targetHeight);
    checkArgument(
        cropTop >= 0 && cropLeft >= 0, "crops must be >= 0, were %s, %s", cropTop, cropLeft);
  }

  /** An uncropped picture of its own size. */
  public static SizeConditioning of(int width, int height) {
    return new SizeConditioning(height, width, 0, 0, height, width);
  }

  public SizeConditioning original(int width, int height) {
    return new SizeConditioning(height, width, cropTop, cropLeft, targetHeight, targetWidth);
  }

  public SizeConditioning crop(int top, int left) {
    return new SizeConditioning(
        originalHeight, originalWidth, top, left, targetHeight, targetWidth);
  }

  public SizeConditioning target(int width, int height) {
    return new SizeConditioning(originalHeight, originalWidth, cropTop, cropLeft, height, width);
  }

  float[] values() {
    return new float[] {
      originalHeight, originalWidth, cropTop, cropLeft, targetHeight, targetWidth
    };
  }
}
