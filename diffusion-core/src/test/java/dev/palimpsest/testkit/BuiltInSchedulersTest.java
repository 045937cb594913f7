package dev.palimpsest.testkit;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.testkit.BuiltInSchedulers.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class BuiltInSchedulersTest {
  @TestFactory
  Stream<DynamicTest> holdsThePropertiesOfSchedulers() {
    return BuiltInSchedulers.ROWS.stream()
        .map(row -> DynamicTest.dynamicTest(row.name(), () -> assertHolds(row)));
  }

  private static void assertHolds(Row row) {
    PropertyRun.Outcome outcome = PropertyRun.of(row::scheduler, row.traits());
    assertEquals(Map.of(), outcome.failures(), row.name());
    assertEquals(14, outcome.properties());
  }

  /** The departure that its Javadoc names: earlier outputs are converted at the current level. */
  @Test
  void pndmLosesItsOrderOnVPredictions() {
    SchedulerTraits claimed =
        SchedulerTraits.ode(2).multistep().countsOnly().predictions(PredictionType.V_PREDICTION);
    Scheduler plms = Schedulers.pndm().skipPrkSteps(true);
    assertEquals(
        Set.of("orderOfConvergenceIsAsStated", "knownSampleIsFollowedStraight"),
        PropertyRun.of(() -> plms, claimed).failures().keySet());
    assertEquals(1, MeasuredOrder.of(plms, claimed).order(), 0.05);
  }

  @Test
  void everySolverHasRow() {
    assertEquals(
        Schedulers.names().stream().filter(name -> !name.startsWith("plugin")).collect(toSet()),
        BuiltInSchedulers.ROWS.stream().map(row -> row.scheduler().name()).collect(toSet()));
  }

  /** Writes the table of README.md to target/schedulers.md. */
  @Test
  void tableIsWritten() throws IOException {
    String table =
        BuiltInSchedulers.ROWS.stream()
            .map(BuiltInSchedulersTest::line)
            .collect(
                Collectors.joining(
                    "",
                    "| solver | family | stochastic | order | measured | paper |\n"
                        + "|---|---|---|---|---|---|\n",
                    ""));
    Files.writeString(Path.of("target/schedulers.md"), table);
    assertTrue(table.contains("| `heun` | Runge-Kutta in sigma | no | 2 | 2.0"), table);
  }

  private static String line(Row row) {
    SchedulerTraits.OrderBand order = row.traits().order();
    return String.format(
        Locale.ROOT,
        "| %s | %s | %s | %s | %s | %s |%n",
        row.name().replaceFirst("[a-z_+0-9-]+", "`$0`"),
        row.family().words,
        row.traits().isStochastic() ? "yes" : "no",
        order == null ? "" : String.format(Locale.ROOT, "%.0f", order.stated()),
        measured(row),
        row.paper());
  }

  private static String measured(Row row) {
    return row.traits().isStochastic()
        ? ""
        : String.format(
            Locale.ROOT, "%.2f", MeasuredOrder.of(row.scheduler(), row.traits()).order());
  }
}
