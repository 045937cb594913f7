package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformanceCommandTest {
  private static final String CASES =
      """
      {"cases": [{"id": "a", "kind": "torch_randn", "seed": 0, "shape": [2],
        "arrays": "random.safetensors", "inputs": {}, "expected": {}}]}
      """;

  @TempDir private Path dir = Path.of("");

  @Test
  void writesResultsWithoutExpectedValues() throws IOException {
    family(CASES);
    Path out = dir.resolve("out");
    Cli done = Cli.run("conformance", dir, out, "--area", "random");
    assertEquals(0, done.code(), done::err);
    assertTrue(done.out().contains("1 cases, 0 passed, 0 failed"), done::out);
    assertTrue(Files.exists(out.resolve("random/random.safetensors")));
  }

  @Test
  void aFailedCaseIsExitCodeOne() throws IOException {
    family(CASES.replace("[2]", "[-2]"));
    Cli done = Cli.run("conformance", dir, dir.resolve("out"));
    assertEquals(1, done.code(), done::out);
    assertTrue(done.out().contains("FAILED random/a"), done::out);
  }

  @Test
  void whatIsMissingIsNamed() {
    Cli empty = Cli.run("conformance", dir, dir.resolve("out"));
    assertEquals(1, empty.code());
    assertEquals("error: " + dir + " holds no manifest.json", empty.err().strip());
    Cli missing = Cli.run("conformance", dir.resolve("x"), dir.resolve("out"));
    assertEquals("error: no such folder: " + dir.resolve("x"), missing.err().strip());
  }

  @Test
  void anUnknownAreaListsTheKnown() throws IOException {
    family(CASES);
    Cli done = Cli.run("conformance", dir, dir.resolve("out"), "--area", "poetry");
    assertEquals(1, done.code());
    assertTrue(done.err().contains("has no area [poetry]; it has [random]"), done::err);
  }

  private void family(String cases) throws IOException {
    Files.createDirectories(dir.resolve("random"));
    Files.writeString(dir.resolve("random/manifest.json"), cases);
    Safetensors.write(
        dir.resolve("random/random.safetensors"), Map.of("x", Tensor.scalar(0f)), Map.of());
    Files.writeString(
        dir.resolve("manifest.json"),
        "{\"areas\": [{\"area\": \"random\", \"manifest\": \"random/manifest.json\"}]}");
  }
}
