package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Runs reference cases: reads {@code DIR/manifest.json} and the areas' manifests, computes each
 * case of a known kind and writes the results under the same array keys. Behaves the same whether
 * or not expected values are there; they are only used for the report.
 */
public final class Conformance {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private static final Map<String, CaseKind> KINDS = new TreeMap<>();

  static {
    TokenizerCases.addTo(KINDS);
    RandomCases.addTo(KINDS);
    TextCases.addTo(KINDS);
    UnetCases.addTo(KINDS);
    VaeCases.addTo(KINDS);
    PipelineCases.addTo(KINDS);
    OnnxCases.addTo(KINDS);
    SchedulerCases.addTo(KINDS);
    LikelihoodCases.addTo(KINDS);
    GradientCases.addTo(KINDS);
    UceCases.addTo(KINDS);
    EsdCases.addTo(KINDS);
    LoraCases.addTo(KINDS);
    LoraTrainingCases.addTo(KINDS);
    AttentionCases.addTo(KINDS);
  }

  private final Path family;
  private final Path out;
  private final PrintWriter report;

  /**
   * @param family the folder of cases
   * @param out where results are written, a folder an area
   * @param report where the table is printed
   */
  public Conformance(Path family, Path out, PrintWriter report) {
    this.family = family;
    this.out = out;
    this.report = report;
  }

  /** What a run came to. */
  public record Summary(int cases, int passed, int failed, Set<String> unknownKinds) {}

  /**
   * Runs the areas, all if {@code areas} is empty.
   *
   * @throws IOException if a manifest cannot be read or a result cannot be written
   */
  public Summary run(Set<String> areas) throws IOException {
    report.printf(
        "%-12s %-20s %6s %7s %7s %9s%n", "area", "kind", "cases", "passed", "failed", "worst*");
    var total = new Tally();
    var problems = new ArrayList<String>();
    var unknown = new TreeMap<String, Integer>();
    var known = new ArrayList<String>();
    for (JsonNode area : manifest(family.resolve("manifest.json")).path("areas")) {
      String name = area.path("area").asText();
      known.add(name);
      if (areas.isEmpty() || areas.contains(name)) {
        runArea(
            name, area.path("manifest").asText(name + "/manifest.json"), total, problems, unknown);
      }
    }
    if (!known.containsAll(areas)) {
      throw new IOException(family + " has no area " + areas + "; it has " + known);
    }
    report.println("* largest error as a share of the tolerance; '-' where nothing is expected");
    problems.forEach(report::println);
    unknown.forEach(
        (kind, count) -> report.println("unknown kind: " + kind + ", " + count + " cases"));
    report.printf(
        "%d cases, %d passed, %d failed, %d without expected values, %d of unknown kinds%n",
        total.cases,
        total.passed,
        total.failed,
        total.cases - total.passed - total.failed,
        unknown.values().stream().mapToInt(Integer::intValue).sum());
    report.flush();
    return new Summary(total.cases, total.passed, total.failed, unknown.keySet());
  }

  private static final class Tally {
    int cases;
    int passed;
    int failed;
    double worst;
    boolean compares;
  }

  private void runArea(
      String name,
      String manifestPath,
      Tally total,
      List<String> problems,
      Map<String, Integer> unknown)
      throws IOException {
    Path manifest = family.resolve(manifestPath);
    Path area = manifest.resolveSibling(".").normalize();
    var tallies = new TreeMap<String, Tally>();
    var outputs = new AreaOutput(out.resolve(name));
    for (JsonNode fields : manifest(manifest).path("cases")) {
      String kind = fields.path("kind").asText();
      CaseKind runner = KINDS.get(kind);
      if (runner == null) {
        unknown.merge(name + "/" + kind, 1, Integer::sum);
        continue;
      }
      Tally tally = tallies.computeIfAbsent(kind, k -> new Tally());
      List<String> wrong = runCase(area, fields, runner, outputs, tally);
      wrong.forEach(
          problem ->
              problems.add("FAILED " + name + "/" + fields.path("id").asText() + ": " + problem));
    }
    outputs.write();
    tallies.forEach(
        (kind, tally) -> {
          report.printf(
              Locale.ROOT,
              "%-12s %-20s %6d %7d %7d %9s%n",
              name,
              kind,
              tally.cases,
              tally.passed,
              tally.failed,
              tally.compares ? String.format(Locale.ROOT, "%.4f", tally.worst) : "-");
          total.cases += tally.cases;
          total.passed += tally.passed;
          total.failed += tally.failed;
        });
    report.flush();
  }

  private List<String> runCase(
      Path area, JsonNode fields, CaseKind runner, AreaOutput outputs, Tally tally)
      throws IOException {
    Comparison comparison = Comparison.of(area, fields);
    var conformanceCase = new ConformanceCase(family, area, fields, outputs.forCase(comparison));
    tally.cases++;
    List<String> wrong;
    try {
      Files.createDirectories(outputs.folder());
      runner.run(conformanceCase);
      wrong = comparison.problems();
    } catch (IOException | RuntimeException e) {
      wrong = List.of(e.toString());
    }
    tally.worst = Math.max(tally.worst, comparison.worst());
    tally.compares |= comparison.compares();
    if (!wrong.isEmpty()) {
      tally.failed++;
    } else if (comparison.compares()) {
      tally.passed++;
    }
    return wrong;
  }

  private static JsonNode manifest(Path file) throws IOException {
    return JSON.readTree(file.toFile());
  }
}
