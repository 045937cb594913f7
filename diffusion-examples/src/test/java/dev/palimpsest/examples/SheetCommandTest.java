package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SheetCommandTest {
  @TempDir private Path dir = Path.of("");

  @Test
  void drawsTenSubjectsInFiveStyles() throws IOException {
    Path file = dir.resolve("sheet.png");
    Cli done = Cli.run("sheet", "--steps", 2, "--out", file);
    assertEquals(0, done.code(), done::err);
    assertTrue(done.out().contains(file + ": 50 pictures in "), done::out);
    BufferedImage sheet = Pictures.read(file);
    assertTrue(sheet.getWidth() >= 10 * 128 && sheet.getHeight() >= 5 * 128, sheet::toString);
    String json = PngFile.metadata(file).json().orElseThrow();
    assertTrue(json.contains("\"steps\":2") && json.contains("a twemoji of"), json);
    assertTrue(PngFile.metadata(file).isGenerated());
  }

  @Test
  void anUnwritableOutputIsToldBeforeTheWork() {
    Path file = dir.resolve("missing/sheet.png");
    Cli failed = Cli.run("sheet", "--out", file);
    assertEquals(1, failed.code());
    assertTrue(failed.err().startsWith("error: cannot write " + file), failed::err);
    assertEquals("", failed.out());
  }

  @Test
  void aSignalEndsItAtOnceAndNothingIsLeft() throws Exception {
    Path file = dir.resolve("sheet.png");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + dir,
                "-cp",
                System.getProperty("java.class.path"),
                Palimpsest.class.getName(),
                "sheet",
                "--steps",
                "900",
                "--out",
                file.toString())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = process.inputReader()) {
      assertTrue(String.valueOf(out.readLine()).startsWith("Drawing 10 subjects"));
      process.toHandle().destroy(); // unlike Process.destroy, this leaves the output open
      assertEquals("cancelled", out.readLine());
      assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    } finally {
      process.destroyForcibly();
    }
    assertFalse(Files.exists(file));
    try (Stream<Path> left = Files.list(dir)) {
      assertEquals(0, left.filter(path -> path.toString().contains("palimpsest-")).count());
    }
  }

  @Test
  void wrongStepsAreNamed() {
    Path file = dir.resolve("sheet.png");
    Cli failed = Cli.run("sheet", "--steps", -1, "--out", file);
    assertEquals(2, failed.code());
    assertEquals("error: steps must be > 0, was -1", failed.err().strip());
    assertFalse(Files.exists(file));
  }
}
