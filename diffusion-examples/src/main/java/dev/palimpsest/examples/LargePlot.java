package dev.palimpsest.examples;

import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * What pictures cost against their size, on logarithmic scales, with the slope that cost in
 * proportion to the number of pixels has.
 *
 * @param rows by rising size
 */
record LargePlot(List<BenchLargeCommand.Row> rows) {
  private static final Color GRAY = new Color(0x999999);

  /**
   * @throws IllegalStateException if Java cannot draw text
   */
  BufferedImage draw() {
    return PlotPicture.of(chart());
  }

  private XYChart chart() {
    XYChart chart =
        new XYChartBuilder()
            .width(1200)
            .height(700)
            .title("Cost of a picture against its size")
            .xAxisTitle("side in pixels")
            .yAxisTitle("seconds; GiB")
            .build();
    chart.getStyler().setXAxisLogarithmic(true);
    chart.getStyler().setYAxisLogarithmic(true);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNW);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 16));
    series(chart, "a step, s", row -> row.step());
    series(chart, "decoding, s", row -> row.decode());
    series(chart, "peak resident memory, GiB", row -> row.peak() / 1024);
    series(chart, "planned memory, GiB", row -> row.planned() / 1024);
    BenchLargeCommand.Row first = rows.get(0);
    chart
        .addSeries(
            "in proportion to pixels, from a step",
            rows.stream().mapToDouble(BenchLargeCommand.Row::size).toArray(),
            rows.stream()
                .mapToDouble(r -> first.step() * Math.pow((double) r.size() / first.size(), 2))
                .toArray())
        .setMarker(SeriesMarkers.NONE)
        .setLineColor(GRAY);
    return chart;
  }

  private void series(XYChart chart, String name, ToDoubleFunction<BenchLargeCommand.Row> value) {
    chart.addSeries(
        name,
        rows.stream().mapToDouble(BenchLargeCommand.Row::size).toArray(),
        rows.stream().mapToDouble(row -> Math.max(1e-3, value.applyAsDouble(row))).toArray());
  }
}
