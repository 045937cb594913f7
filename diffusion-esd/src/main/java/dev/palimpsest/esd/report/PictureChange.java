package dev.palimpsest.esd.report;

import dev.palimpsest.image.PictureError;
import java.util.List;

/**
 * How far pictures are from those of another model with the same prompts and seeds, in units of the
 * range 0..1.
 *
 * @param pictures compared
 * @param mean of the pictures' root mean squared differences
 * @param largest of them
 */
public record PictureChange(int pictures, double mean, double largest) {
  static PictureChange of(List<PictureError> errors) {
    var all = errors.stream().mapToDouble(PictureError::rootMeanSquare).summaryStatistics();
    return new PictureChange(errors.size(), all.getAverage(), all.getMax());
  }
}
