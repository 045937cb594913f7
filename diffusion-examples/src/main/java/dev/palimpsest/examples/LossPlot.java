package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Loss curves over each other as a picture. */
public final class LossPlot {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 500;
  private static final Color[] COLOURS = {
    new Color(0x1f77b4), new Color(0xff7f0e), new Color(0x2ca02c), new Color(0x9467bd)
  };

  private LossPlot() {}

  /**
   * The plot, of {@code TYPE_INT_RGB} or alike.
   *
   * @throws IOException if Java finds no font to draw with
   */
  public static BufferedImage of(List<LossCurve> curves) throws IOException {
    checkArgument(!curves.isEmpty(), "there must be a curve");
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .xAxisTitle("step")
            .yAxisTitle("loss")
            .build();
    chart
        .getStyler()
        .setYAxisLogarithmic(true)
        .setLegendPosition(LegendPosition.InsideNE)
        .setChartBackgroundColor(Color.WHITE)
        .setSeriesColors(COLOURS);
    for (LossCurve curve : curves) {
      chart
          .addSeries(
              curve.name(),
              curve.points().stream().map(LossCurve.Point::step).toList(),
              curve.points().stream().map(LossCurve.Point::mean).toList())
          .setMarker(SeriesMarkers.NONE);
    }
    try {
      return PlotPicture.of(chart);
    } catch (IllegalStateException noFont) {
      throw new IOException(noFont.getMessage(), noFont);
    }
  }
}
