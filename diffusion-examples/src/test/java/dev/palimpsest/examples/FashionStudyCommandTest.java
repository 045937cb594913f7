package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.examples.fashion.SmallSet;
import dev.palimpsest.image.Pictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FashionStudyCommandTest {
  private static final int STEPS = 60;

  @TempDir private static Path folder = Path.of(".");
  private static JsonNode results = new ObjectMapper().createObjectNode();

  private static Path out() {
    return folder.resolve("study");
  }

  /** Runs the command with small settings, of which {@code more} replaces some. */
  private static Cli study(Path out, Object... more) {
    Map<Object, Object> options = new LinkedHashMap<>();
    options.put("--data", folder.resolve("data"));
    options.put("--out", out);
    options.put("--channels", "8,16");
    options.put("--steps", STEPS);
    options.put("--batch", 10);
    options.put("--rate", "3e-3");
    options.put("--classifier-steps", 20);
    options.put("--test-pictures", 20);
    options.put("--fineness", 2);
    options.put("--pictures", 40);
    options.put("--sampling-steps", 4);
    for (int i = 0; i < more.length; i += 2) {
      options.put(more[i], more[i + 1]);
    }
    List<Object> words = new ArrayList<>(List.of("fashion-study"));
    options.forEach((name, value) -> words.addAll(List.of(name, value)));
    return Cli.run(words.toArray());
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  @BeforeAll
  static void run() throws IOException {
    SmallSet.write(folder.resolve("data"), 8, 100, 60);
    Cli done = study(out());
    assertEquals(0, done.code(), done::err);
    assertTrue(done.out().contains("step 60 of 60: loss "), done::out);
    assertTrue(done.out().contains(out().resolve("results.json") + ": done in "), done::out);
    results = json(out().resolve("results.json"));
  }

  @Test
  void judgesWhatItTrained() {
    JsonNode bound = results.get("bound");
    assertEquals(20, bound.get("pictures").asInt());
    assertEquals(64, bound.get("dimensions").asInt());
    double total = bound.get("bits_per_dim").asDouble();
    assertEquals(
        bound.get("prior").asDouble()
            + bound.get("transitions").asDouble()
            + bound.get("decoder").asDouble(),
        total,
        1e-9);
    assertTrue(total > 0 && total < 20, "bits per dimension " + total);
    assertTrue(bound.get("standard_error").asDouble() > 0);
    JsonNode generated = results.get("generated");
    assertEquals(10, generated.get("pixel_diversity_per_class").size());
    assertTrue(generated.get("feature_diversity").asDouble() > 0);
    for (String share : new String[] {"precision", "recall", "classifier_agrees"}) {
      double value = generated.get(share).asDouble();
      assertTrue(value >= 0 && value <= 1, share + " " + value);
    }
  }

  @Test
  void heldOutPicturesMatchThemselves() {
    JsonNode heldOut = results.get("held_out");
    assertEquals(1, heldOut.get("precision").asDouble());
    assertEquals(1, heldOut.get("recall").asDouble());
    assertTrue(heldOut.get("kernel_distance").asDouble() <= 0);
  }

  @Test
  void aModelThatIsThereIsJudgedWithoutTraining() throws IOException {
    Path judged = folder.resolve("judged");
    Files.createDirectories(judged);
    Cli done = study(judged, "--model", out().resolve("initial"));
    assertEquals(0, done.code(), done::err);
    JsonNode before = json(judged.resolve("results.json")).get("bound");
    assertEquals(1, before.get("simple_loss").asDouble(), 0.2);
    double after = results.get("bound").get("simple_loss").asDouble();
    assertTrue(after < 0.7, "after training " + after);
    assertFalse(Files.exists(judged.resolve("training")));
  }

  @Test
  void picturesAndTablesAreThere() throws IOException {
    assertEquals(5 * 4 + 4 * 16, Pictures.read(out().resolve("samples.png")).getHeight());
    assertEquals(11 * 4 + 10 * 16, Pictures.read(out().resolve("held-out.png")).getWidth());
    assertEquals(900, Pictures.read(out().resolve("loss.png")).getWidth());
    assertEquals(
        STEPS + 1, Files.readAllLines(out().resolve("training").resolve("events.csv")).size());
    assertEquals(STEPS, json(out().resolve("study.json")).get("steps").asInt());
    assertTrue(Files.exists(out().resolve("model").resolve("model_index.json")));
  }

  @Test
  void theSameCommandAgainTrainsNoMoreAndFindsTheSame() throws IOException {
    Path events = out().resolve("training").resolve("events.csv");
    byte[] before = Files.readAllBytes(events);
    Cli again = study(out());
    assertEquals(0, again.code(), again::err);
    assertEquals(-1, Files.mismatch(events, Files.write(folder.resolve("before.csv"), before)));
    JsonNode found = json(out().resolve("results.json"));
    assertEquals(results.get("generated"), found.get("generated"));
    assertEquals(results.get("bound").get("bits_per_dim"), found.get("bound").get("bits_per_dim"));
  }

  @Test
  void otherSettingsOnTheSameFolder() {
    Cli failed = study(out(), "--seed", 2);
    assertEquals(2, failed.code());
    assertTrue(failed.err().contains("seed=1 there, 2 now"), failed::err);
  }

  @Test
  void missingData() {
    Path none = folder.resolve("none");
    Cli failed = Cli.run("fashion-study", "--data", none, "--out", folder.resolve("x"));
    assertEquals(1, failed.code());
    assertTrue(
        failed.err().contains("install the Debian package dataset-fashion-mnist"), failed::err);
    assertFalse(Files.exists(folder.resolve("x")));
  }

  @Test
  void picturesOfAnUnequalNumberOfEachClass() {
    Cli failed = study(folder.resolve("y"), "--pictures", 15);
    assertEquals(2, failed.code());
    assertTrue(failed.err().contains("--pictures must be a multiple of ten, was 15"), failed::err);
  }
}
