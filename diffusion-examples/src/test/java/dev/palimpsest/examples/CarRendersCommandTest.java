package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CarRendersCommandTest {
  @TempDir private Path dir = Path.of("");

  @Test
  void writesScenesCaptionsAndCommands() throws IOException {
    Cli done = Cli.run("car-renders", "--out", dir, "--scenes", "scenes", "--scale", 20);
    assertEquals(0, done.code(), done::err);
    assertTrue(done.out().startsWith("1220 scenes in " + dir), done::out);
    List<String> captions = Files.readAllLines(dir.resolve("car/metadata.jsonl"));
    assertEquals(200, captions.size());
    assertTrue(
        captions.get(0).startsWith("{\"file_name\":\"car000.jpg\",\"text\":\""), captions.get(0));
    String scene = Files.readString(dir.resolve("car/car000.pov"));
    assertTrue(scene.contains("#declare Make = 1;\n"), scene);
    assertTrue(scene.endsWith("#include \"scene.pov\"\n"), scene);
    List<String> commands = Files.readAllLines(dir.resolve("render.sh"));
    assertEquals(1220, commands.stream().filter(line -> line.contains("|| povray")).count());
    assertTrue(commands.stream().anyMatch(line -> line.contains("+W2560 +H2560")));
  }

  @Test
  void theScaleHasBounds() {
    Cli large = Cli.run("car-renders", "--out", dir, "--scale", 21);
    assertEquals("error: --scale must be from 1 to 20, was 21", large.err().strip());
  }
}
