package dev.palimpsest.examples;

import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Loss curves of trainings over each other. */
@Command(
    name = "loss-plot",
    mixinStandardHelpOptions = true,
    description = "Draws the losses of trainings into one plot and tells how far they are apart.")
final class LossPlotCommand implements Callable<Integer> {
  private static final int LAST = 10;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "PNG", description = "The plot to write.")
  private Path out = Path.of("losses.png");

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "NAME=CSV",
      description = "A table with columns step and loss, such as a run's events.csv.")
  private Map<String, Path> tables = new LinkedHashMap<>();

  @Option(
      names = "--stretch",
      paramLabel = "STEPS",
      defaultValue = "100",
      description = "Steps whose mean is one point; default ${DEFAULT-VALUE}.")
  private int stretch = 100;

  @Override
  public Integer call() throws IOException {
    OutputFile.check(out);
    List<LossCurve> curves = new ArrayList<>();
    for (Map.Entry<String, Path> table : tables.entrySet()) {
      curves.add(LossCurve.read(table.getKey(), table.getValue(), stretch));
    }
    draw(out, curves);
    PrintWriter console = spec.commandLine().getOut();
    LossCurve first = curves.get(0);
    for (LossCurve curve : curves) {
      console.printf(
          Locale.ROOT,
          "%s: last %d points %.5f%s%n",
          curve.name(),
          LAST,
          curve.last(LAST),
          curve == first
              ? ""
              : String.format(
                  Locale.ROOT,
                  ", %.2f standard errors from %s",
                  curve.distance(first),
                  first.name()));
    }
    console.flush();
    return 0;
  }

  /**
   * Writes the plot.
   *
   * @throws IOException if it cannot be written, or Java finds no font to draw with
   */
  static void draw(Path png, List<LossCurve> curves) throws IOException {
    PngFile.write(png, LossPlot.of(curves), PngMetadata.none());
  }
}
