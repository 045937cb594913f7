package dev.palimpsest.examples;

import java.awt.image.BufferedImage;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;

/** A chart as a picture. */
final class PlotPicture {
  private PlotPicture() {}

  /**
   * @throws IllegalStateException if Java cannot draw text
   */
  static BufferedImage of(XYChart chart) {
    try {
      return BitmapEncoder.getBufferedImage(chart);
    } catch (Error e) { // without fonts Java throws a plain Error
      throw new IllegalStateException(
          "cannot draw the plot's text: install fontconfig and a font such as DejaVu Sans", e);
    }
  }
}
