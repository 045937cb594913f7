package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {
  @TempDir private Path dir = Path.of("");

  @Test
  void theJsonHasEachPartOfTheWork() throws IOException {
    Cli bench = Cli.run("bench", "--json", "--guided", "--steps", 3, "--runs", 2, "--threads", 1);
    assertEquals(0, bench.code(), bench::err);
    JsonNode json = new ObjectMapper().readTree(bench.out());
    for (String time :
        new String[] {
          "load_s", "load_to_first_step_s", "first_step_s", "step_s", "decode_s", "run_s", "text_s"
        }) {
      assertTrue(json.path(time).asDouble() > 0, time + " in " + json);
    }
    assertEquals("cpu(1)", json.path("device").asText());
    assertEquals(64, json.path("width").asInt());
    assertEquals(2, json.path("runs").size());
    assertEquals(3, json.path("runs").path(1).path("steps_s").size());
    assertTrue(
        json.path("load_to_first_step_s").asDouble()
            >= json.path("load_s").asDouble() + json.path("first_step_s").asDouble());
    if (System.getProperty("os.name", "").equals("Linux")) {
      assertTrue(json.path("peak_rss_bytes").asLong() > 50_000_000, json::toString);
      assertTrue(json.path("peak_anon_bytes").asLong() > 0, json::toString);
    }
  }

  @Test
  void startsFromGivenLatentsAndSavesWhatCameOut() throws IOException {
    Path in = dir.resolve("in.safetensors");
    Path out = dir.resolve("out.safetensors");
    Path image = dir.resolve("out.png");
    // Seed 0, which bench draws itself otherwise.
    Tensor latents = new TorchGenerator(0).randn(Shape.of(1, 4, 16, 16));
    Safetensors.write(in, Map.of("latents", latents), Map.of());
    assertEquals(0, bench("--latents", in, "--out-latents", out, "--out-image", image).code());
    assertEquals(64, Pictures.read(image).getWidth());
    Path drawn = dir.resolve("drawn.safetensors");
    assertEquals(0, bench("--out-latents", drawn).code());
    assertArrayEquals(
        Safetensors.read(drawn).tensor("latents").floats(),
        Safetensors.read(out).tensor("latents").floats());
  }

  @Test
  void latentsThatDoNotFitAreNamed() throws IOException {
    Path in = dir.resolve("in.safetensors");
    Safetensors.write(in, Map.of("noise", Tensor.zeros(Shape.of(1))), Map.of());
    Cli failed = bench("--latents", in);
    assertEquals(2, failed.code());
    assertTrue(failed.err().contains("no tensor 'latents'; it has [noise]"), failed::err);
    float[] values = new float[4 * 16 * 16];
    values[5] = Float.NaN;
    Safetensors.write(in, Map.of("latents", Tensor.of(Shape.of(1, 4, 16, 16), values)), Map.of());
    assertTrue(bench("--latents", in).err().contains("latents must be finite, one is NaN"));
  }

  @Test
  void theTableIsForPeople() {
    Cli bench = Cli.run("bench", "--steps", 1);
    assertEquals(0, bench.code(), bench::err);
    assertTrue(bench.out().contains("first step "), bench::out);
    assertTrue(bench.out().contains(" MiB"), bench::out);
  }

  private static Cli bench(String option, Object... more) {
    Object[] words = new Object[4 + more.length];
    words[0] = "bench";
    words[1] = "--steps";
    words[2] = 2;
    words[3] = option;
    System.arraycopy(more, 0, words, 4, more.length);
    return Cli.run(words);
  }
}
