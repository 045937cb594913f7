package dev.palimpsest.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.testkit.BuiltInSchedulers.Row;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The kit as it is installed on the library as it is installed: one row a built-in scheduler. It is
 * in the kit's package to see the kit's own table; a plugin's tests need not be.
 */
class InstalledBuiltInsTest {
  @TestFactory
  Stream<DynamicTest> holdTheProperties() {
    Set<String> seen = new HashSet<>();
    return BuiltInSchedulers.ROWS.stream()
        .filter(row -> seen.add(row.scheduler().name()))
        .map(row -> DynamicTest.dynamicTest(row.name(), () -> assertHolds(row)));
  }

  private static void assertHolds(Row row) {
    PropertyRun.Outcome outcome = PropertyRun.of(row::scheduler, row.traits());
    assertEquals(Map.of(), outcome.failures(), row.name());
    assertEquals(14, outcome.properties());
  }
}
