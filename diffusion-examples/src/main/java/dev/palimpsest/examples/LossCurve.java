package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/** The losses of a training, as means over stretches of steps. */
public record LossCurve(String name, List<Point> points) {
  private static final Splitter COMMAS = Splitter.on(',');

  public LossCurve {
    points = List.copyOf(points);
  }

  /**
   * A stretch of steps.
   *
   * @param step the last of the stretch
   * @param mean of its losses
   * @param standardError of the mean, for independent losses of one expectation
   */
  public record Point(double step, double mean, double standardError) {}

  /**
   * Reads a table with columns {@code step} and {@code loss}, such as a run's {@code events.csv}.
   *
   * @param stretch how many rows make a point; those left over at the end make none
   * @throws IOException if the file cannot be read or is no such table; the message names the line
   */
  public static LossCurve read(String name, Path csv, int stretch) throws IOException {
    checkArgument(stretch >= 2, "a stretch must be >= 2 steps, was %s", stretch);
    List<String> lines = Files.readAllLines(csv);
    List<String> header = COMMAS.splitToList(lines.isEmpty() ? "" : lines.get(0));
    int step = header.indexOf("step");
    int loss = header.indexOf("loss");
    if (step < 0 || loss < 0) {
      throw new IOException(csv + ": needs the columns step and loss, has " + header);
    }
    List<Point> points = new ArrayList<>();
    var losses = new SummaryStatistics();
    for (int i = 1; i < lines.size(); i++) {
      List<String> row = COMMAS.splitToList(lines.get(i));
      if (row.size() != header.size()) {
        throw new IOException(csv + ": line " + (i + 1) + " has not the columns of the first");
      }
      losses.addValue(number(csv, i, row.get(loss)));
      if (losses.getN() == stretch) {
        double error = losses.getStandardDeviation() / Math.sqrt(stretch);
        points.add(new Point(number(csv, i, row.get(step)), losses.getMean(), error));
        losses.clear();
      }
    }
    if (points.isEmpty()) {
      throw new IOException(csv + ": has fewer than " + stretch + " steps");
    }
    return new LossCurve(name, points);
  }

  private static double number(Path csv, int line, String text) throws IOException {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IOException(csv + ": line " + (line + 1) + ": '" + text + "' is no number", e);
    }
  }

  /**
   * How far two curves are apart: the root mean square, over the stretches that both have, of the
   * means' difference in units of its standard error. About 1 where nothing but chance divides
   * them.
   */
  double distance(LossCurve other) {
    int count = Math.min(points.size(), other.points.size());
    double sum = 0;
    for (int i = 0; i < count; i++) {
      Point a = points.get(i);
      Point b = other.points.get(i);
      double error = Math.hypot(a.standardError, b.standardError);
      sum += Math.pow((a.mean - b.mean) / error, 2);
    }
    return Math.sqrt(sum / count);
  }

  /** The mean over the last {@code count} points, or all. */
  double last(int count) {
    return points.subList(Math.max(0, points.size() - count), points.size()).stream()
        .mapToDouble(Point::mean)
        .average()
        .orElseThrow();
  }
}
