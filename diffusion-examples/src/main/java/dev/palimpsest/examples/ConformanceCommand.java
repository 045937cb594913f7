package dev.palimpsest.examples;

import dev.palimpsest.examples.conformance.Conformance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs reference cases and compares. */
@Command(
    name = "conformance",
    mixinStandardHelpOptions = true,
    description = {
      "Computes the reference cases of DIR, writes the results to OUT and compares them with what"
          + " DIR expects.",
      "Exit code 1 if a case failed."
    })
final class ConformanceCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "DIR", description = "A folder with a manifest.json.")
  private Path dir = Path.of("");

  @Parameters(index = "1", paramLabel = "OUT", description = "Where the results are written.")
  private Path out = Path.of("");

  @Option(
      names = "--area",
      paramLabel = "NAME",
      description = "Only this area; may be given several times. Default all.")
  private List<String> areas = List.of();

  @Override
  public Integer call() throws IOException {
    if (!Files.isDirectory(dir)) {
      throw new IOException("no such folder: " + dir);
    }
    if (!Files.isRegularFile(dir.resolve("manifest.json"))) {
      throw new IOException(dir + " holds no manifest.json");
    }
    Files.createDirectories(out);
    var conformance = new Conformance(dir, out, spec.commandLine().getOut());
    return conformance.run(new LinkedHashSet<>(areas)).failed() == 0 ? 0 : 1;
  }
}
