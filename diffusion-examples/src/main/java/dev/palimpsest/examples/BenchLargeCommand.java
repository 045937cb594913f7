package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.VaeTiling;
import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What pictures of several sizes cost, against what was planned. */
@Command(
    name = "bench-large",
    mixinStandardHelpOptions = true,
    description =
        "Measures a step, decoding and peak memory at several sizes, each in a process of its own,"
            + " and draws them; needs Linux for the memory.",
    footer = {
      "",
      "Into --out go large.csv (size, seconds of a step and of decoding, peak resident and planned"
          + " MiB) and large.png, in which the ideal slope is that of the number of pixels."
    })
final class BenchLargeCommand implements Callable<Integer> {
  private static final String HEADER = "size,step_s,decode_s,peak_mib,planned_mib";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--model",
      paramLabel = "PATH",
      description = "A checkpoint; default the starter model inside this jar.")
  private @Nullable Path model;

  @Option(
      names = "--sizes",
      paramLabel = "N,...",
      split = ",",
      defaultValue = "512,1024,1536,2560",
      description = "Sides of the squares in pixels; default ${DEFAULT-VALUE}.")
  private List<Integer> sizes = List.of();

  @Option(
      names = "--tiling",
      paramLabel = "MODE",
      defaultValue = "exact",
      description = "none, exact or diffusers; default ${DEFAULT-VALUE}.")
  private VaeTiling tiling = VaeTiling.EXACT;

  @Option(
      names = "--windows",
      paramLabel = "SIDE[/OVERLAP]",
      description = "Denoise in windows; default the whole picture at once.")
  private @Nullable String windows;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "1",
      description = "Solver steps, without guidance; default ${DEFAULT-VALUE}.")
  private int steps = 1;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Made if missing.")
  private Path out = Path.of("");

  /** A line of the table. */
  record Row(int size, double step, double decode, double peak, double planned) {
    String csv() {
      return String.format(
          Locale.ROOT, "%d,%.2f,%.2f,%.0f,%.0f", size, step, decode, peak, planned);
    }
  }

  @Override
  public Integer call() throws IOException {
    checkArgument(!sizes.isEmpty() && steps > 0, "--sizes and --steps must not be empty or 0");
    Files.createDirectories(out);
    var lines = new ArrayList<String>(List.of(HEADER));
    var rows = new ArrayList<Row>();
    PrintWriter console = spec.commandLine().getOut();
    console.println(HEADER);
    for (int size : sizes) {
      Row row = measure(size);
      rows.add(row);
      lines.add(row.csv());
      console.println(row.csv());
      console.flush();
      Files.write(out.resolve("large.csv"), lines);
    }
    PngFile.write(out.resolve("large.png"), new LargePlot(rows).draw(), PngMetadata.none());
    return 0;
  }

  private Row measure(int size) throws IOException {
    var command = new ArrayList<>(thisProgram());
    command.addAll(
        List.of("bench", "--json", "--size", size + "", "--steps", steps + "", "--tiling"));
    command.add(tiling.name().toLowerCase(Locale.ROOT));
    if (windows != null) {
      command.addAll(List.of("--windows", windows));
    }
    if (model != null) {
      command.addAll(List.of("--model", model + "", "--without-safety-checker"));
    }
    JsonNode json = new ObjectMapper().readTree(run(command));
    double mebibyte = 1 << 20;
    return new Row(
        size,
        json.path("step_s").asDouble(),
        json.path("decode_s").asDouble(),
        json.path("peak_rss_bytes").asDouble() / mebibyte,
        json.path("planned_bytes").asDouble() / mebibyte);
  }

  private static List<String> thisProgram() {
    String java = ProcessHandle.current().info().command().orElse("java");
    return List.of(
        java, "-cp", System.getProperty("java.class.path", ""), Palimpsest.class.getName());
  }

  private static String run(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (InputStream output = process.getInputStream()) {
      String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new InferenceException(command + " failed with " + process.exitValue());
      }
      return text;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InferenceException("interrupted while measuring", e);
    } finally {
      process.destroy();
    }
  }
}
