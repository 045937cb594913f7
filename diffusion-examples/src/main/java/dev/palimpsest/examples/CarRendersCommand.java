package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.examples.car.RenderFolder;
import dev.palimpsest.examples.car.RenderSets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Scene files and captions of the car study's renders. */
@Command(
    name = "car-renders",
    mixinStandardHelpOptions = true,
    description = "Writes scene files for POV-Ray and captions: renders of invented saloons.")
final class CarRendersCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FOLDER",
      description = "Where a folder for each set and render.sh are written.")
  private Path out = Path.of("renders");

  @Option(
      names = "--scenes",
      paramLabel = "FOLDER",
      defaultValue = "renders",
      description = "The scene files that are included; default ${DEFAULT-VALUE}.")
  private Path scenes = Path.of("renders");

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "" + RenderSets.SEED,
      description = "Other parameters for another seed; default ${DEFAULT-VALUE}.")
  private long seed = RenderSets.SEED;

  @Option(
      names = "--scale",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "So many times 128 by 128, 192 by 128 or 64 by 64 pixels; default ${DEFAULT-VALUE}.")
  private int scale = 1;

  @Override
  public Integer call() throws IOException {
    checkArgument(scale >= 1 && scale <= 20, "--scale must be from 1 to 20, was %s", scale);
    int count = RenderFolder.write(RenderSets.of(seed), out, scenes, scale);
    spec.commandLine()
        .getOut()
        .printf("%d scenes in %s; draw them by: sh %s%n", count, out, out.resolve("render.sh"));
    return 0;
  }
}
