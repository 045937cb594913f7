package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Config;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyFolderTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void resultsAreKept() throws Exception {
    StudyFolder study = StudyFolder.open(folder, Map.of("a", 1));
    assertTrue(study.result("base").isEmpty());
    study.finish("base", Map.of("pictures", 3));
    StudyFolder again = StudyFolder.open(folder, Map.of("a", 1));
    assertEquals(3, again.result("base").orElseThrow().integer("pictures"));
  }

  @Test
  void costsOfAllRunsOfAStageAreAddedUp() throws Exception {
    StudyFolder study = StudyFolder.open(folder, Map.of());
    study.spend("base", 2, 100);
    study.spend("lora", 1, 50);
    study.spend("base", 3, 70);
    Config base = Config.of(study.costs()).object("base");
    assertEquals(5, base.number("seconds"));
    assertEquals(100, base.number("bytes"));
  }

  @Test
  void otherSettingsAreListed() throws Exception {
    StudyFolder.open(folder, Map.of("lora", Map.of("steps", 5, "rank", 2), "x", 1));
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> StudyFolder.open(folder, Map.of("lora", Map.of("steps", 6, "rank", 2))));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("{lora.steps=5 there, 6 now, x=1 there, (none) now}"), message);
  }
}
