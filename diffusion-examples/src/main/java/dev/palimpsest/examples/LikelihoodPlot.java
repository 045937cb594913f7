package dev.palimpsest.examples;

import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.StepTerm;
import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The terms of a bound over the steps, on a logarithmic scale. */
record LikelihoodPlot(String title, BitsPerDim bits) {
  private static final Color BLUE = new Color(0x1f5fa8);
  private static final Color ORANGE = new Color(0xd9822b);

  /** Smaller terms are drawn as this: what is left of a logarithm of nothing. */
  private static final double SMALLEST = 1e-9;

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
            .title(title)
            .xAxisTitle("step t (0: next to the picture)")
            .yAxisTitle("term of the bound, bits per dimension")
            .build();
    style(chart.getStyler());
    List<StepTerm> transitions = bits.terms().stream().filter(term -> term.step() > 0).toList();
    boolean few = transitions.size() <= 200;
    if (!transitions.isEmpty()) {
      series(chart, "transitions", transitions, BLUE, few);
    }
    series(
        chart,
        "decoder",
        bits.terms().stream().filter(term -> term.step() == 0).toList(),
        ORANGE,
        true);
    return chart;
  }

  private static void style(XYStyler style) {
    style.setYAxisLogarithmic(true);
    style.setLegendPosition(Styler.LegendPosition.InsideNE);
    style.setChartBackgroundColor(Color.WHITE);
    style.setPlotBorderVisible(false);
    style.setChartTitleBoxVisible(false);
    style.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 20));
    style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 18));
    style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    style.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 16));
    style.setMarkerSize(7);
    style.setXAxisMin(0.0);
  }

  private static void series(
      XYChart chart, String name, List<StepTerm> terms, Color color, boolean markers) {
    XYSeries series =
        chart.addSeries(
            name,
            terms.stream().mapToDouble(StepTerm::step).toArray(),
            terms.stream().mapToDouble(term -> Math.max(term.bits(), SMALLEST)).toArray());
    series.setLineColor(color);
    series.setMarkerColor(color);
    series.setMarker(markers ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    series.setLineWidth(2);
  }
}
