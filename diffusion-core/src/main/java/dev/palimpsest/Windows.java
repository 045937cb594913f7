package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.List;

/**
 * Overlapping windows in which a picture larger than the model's own is denoised: at each
 * evaluation the network sees one window after the other, and where windows overlap, what it
 * predicts is averaged, with weights that fall towards a window's edges. Memory and time a pixel
 * are those of a picture of the window's size. Source: MultiDiffusion (Bar-Tal et al. 2023),
 * equation 5; there the states after a step are averaged, which is the same for solvers that are
 * linear in the prediction.
 *
 * @param width of a window in pixels; a multiple of the model's scale factor
 * @param height of a window in pixels
 * @param overlap of neighbouring windows in pixels, at least
 */
public record Windows(int width, int height, int overlap) {
  public Windows {
    checkArgument(
        width > 0 && height > 0, "a window's sides must be > 0, were %sx%s", width, height);
    checkArgument(
        0 <= overlap && overlap < Math.min(width, height),
        "overlap must be >= 0 and less than a window's sides %sx%s, was %s",
        width,
        height,
        overlap);
  }

  /** Square windows that overlap by a quarter. */
  public static Windows of(int side) {
    return new Windows(side, side, side / 4);
  }

  /** The same windows with another overlap. */
  public Windows overlap(int pixels) {
    return new Windows(width, height, pixels);
  }

  /** These in units of a model's latents. */
  Windows inLatents(int scaleFactor) {
    checkArgument(
        width % scaleFactor == 0 && height % scaleFactor == 0,
        "windows of %sx%s do not divide by the model's scale factor %s",
        width,
        height,
        scaleFactor);
    return new Windows(
        width / scaleFactor,
        height / scaleFactor,
        Math.min(
            (overlap + scaleFactor - 1) / scaleFactor, Math.min(width, height) / scaleFactor - 1));
  }

  /** Where windows lie in a picture of that size, evenly, row by row. */
  List<Area> over(int pictureHeight, int pictureWidth) {
    int high = Math.min(height, pictureHeight);
    int wide = Math.min(width, pictureWidth);
    var areas = new ArrayList<Area>();
    for (int y : starts(pictureHeight, high)) {
      for (int x : starts(pictureWidth, wide)) {
        areas.add(new Area(y, x, high, wide));
      }
    }
    return areas;
  }

  private List<Integer> starts(int length, int side) {
    int stride = Math.max(1, side - overlap);
    int count = 1 + (length - side + stride - 1) / stride;
    var starts = new ArrayList<Integer>();
    for (int i = 0; i < count; i++) {
      starts.add(count == 1 ? 0 : Math.round((float) i * (length - side) / (count - 1)));
    }
    return starts;
  }
}
