package dev.palimpsest.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.runtime.ChildJvm.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process does as a whole. */
class ProcessTest {
  @TempDir private Path folder;

  @Test
  void exitDuringRunsStopsThem() throws Exception {
    Outcome outcome = new ChildJvm(folder).run(Child.class, "exit-in-runs");
    assertEquals(7, outcome.status(), outcome.output());
    assertFalse(outcome.output().contains("end"), outcome.output());
  }

  @Test
  void exitWhileSessionsOpenWaitsForThem() throws Exception {
    Outcome outcome = new ChildJvm(folder).run(Child.class, "exit-in-opens");
    assertEquals(7, outcome.status(), outcome.output());
  }

  @Test
  @Tag("slow")
  void exitsNeverCrash() throws Exception {
    for (int round = 0; round < 10; round++) {
      exitDuringRunsStopsThem();
      exitWhileSessionsOpenWaitsForThem();
    }
  }

  @Test
  void openRunCloseLeaksNothing() throws Exception {
    assertFlat(300, 200, 8 * 1024);
  }

  @Test
  @Tag("slow")
  void openRunCloseLeaksNothingInManyRounds() throws Exception {
    assertFlat(2000, 2000, 2 * 1024); // 1 KiB a round
  }

  /**
   * A round's session has 256 KiB of weights; C2 would compile and grow for thousands of rounds.
   */
  private void assertFlat(int warm, int rounds, int limitKib) throws Exception {
    Outcome outcome =
        new ChildJvm(folder)
            .environment("MALLOC_ARENA_MAX", "1")
            .option("-Xms64m")
            .option("-Xmx64m")
            .option("-XX:+AlwaysPreTouch")
            .option("-XX:+UseSerialGC")
            .option("-XX:TieredStopAtLevel=1")
            .run(Child.class, "rounds", Integer.toString(warm), Integer.toString(rounds));
    assertEquals(0, outcome.status(), outcome.output());
    assertTrue(outcome.output().contains("grew "), outcome.output());
    long kib = Long.parseLong(outcome.output().replaceAll("(?s).*grew (-?\\d+).*", "$1"));
    assertTrue(kib < limitKib, "grew by " + kib + " KiB in " + rounds + " rounds");
  }

  @Test
  void noFileIsLeftAndNoSocketOpened() throws Exception {
    Outcome outcome = new ChildJvm(folder).run(Child.class, "open");
    assertEquals("done", outcome.output().strip());
    assertEquals(0, outcome.status());
    assertEquals(List.of(), filesUnder(folder.resolve("home")));
    assertEquals(List.of(), filesUnder(folder.resolve("work")));
    assertEquals(List.of(), filesUnder(folder.resolve("tmp")));
  }

  private static List<Path> filesUnder(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.toString().contains("hsperfdata"))
          .collect(Collectors.toList());
    }
  }

  @Test
  void bothArtifactsOnTheClassPathAreNamed() throws Exception {
    Path other = folder.resolve("onnxruntime_gpu-1.28.0.jar");
    try (var jar = new java.util.jar.JarOutputStream(Files.newOutputStream(other))) {
      jar.putNextEntry(new java.util.jar.JarEntry("ai/onnxruntime/OrtEnvironment.class"));
    }
    Outcome outcome = new ChildJvm(folder).alsoOnClassPath(other).run(Child.class, "open");
    assertEquals(1, outcome.status());
    assertTrue(outcome.output().contains("DeviceUnavailableException"), outcome.output());
    assertTrue(outcome.output().contains("onnxruntime-1.28.0.jar and "), outcome.output());
    assertTrue(outcome.output().contains(other.toString()), outcome.output());
  }

  @Test
  void nativeLibraryThatCannotBeLoadedSaysWhatToDo() throws Exception {
    Path natives = Files.createDirectories(folder.resolve("natives"));
    Files.writeString(natives.resolve("libonnxruntime.so"), "no library");
    Outcome outcome =
        new ChildJvm(folder)
            .option("-Donnxruntime.native.path=" + natives)
            .run(Child.class, "open");
    assertEquals(1, outcome.status());
    assertTrue(outcome.output().contains("DeviceUnavailableException"), outcome.output());
    assertTrue(outcome.output().contains("UnsatisfiedLinkError"), outcome.output());
    assertTrue(outcome.output().contains("onnxruntime.native.path=" + natives), outcome.output());
    assertTrue(outcome.output().contains("noexec"), outcome.output());
  }
}
