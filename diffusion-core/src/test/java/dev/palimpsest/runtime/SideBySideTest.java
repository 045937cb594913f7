package dev.palimpsest.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class SideBySideTest {
  @Test
  void resultsComeInTheOrderOfTheTasks() throws IOException {
    List<Callable<Integer>> tasks = List.of(() -> 1, () -> 2, () -> 3);
    assertEquals(List.of(1, 2, 3), SideBySide.run(2, tasks));
  }

  @Test
  void failuresArePassedOn() {
    var missing = new FileNotFoundException("a");
    assertSame(missing, assertThrows(IOException.class, () -> SideBySide.run(1, thrown(missing))));
    var wrong = new IllegalArgumentException("b");
    assertSame(
        wrong,
        assertThrows(IllegalArgumentException.class, () -> SideBySide.run(1, thrown(wrong))));
    var other = new Exception("c");
    assertSame(
        other,
        assertThrows(IllegalStateException.class, () -> SideBySide.run(1, thrown(other)))
            .getCause());
  }

  private static List<Callable<Integer>> thrown(Exception failure) {
    return List.of(
        () -> {
          throw failure;
        });
  }
}
