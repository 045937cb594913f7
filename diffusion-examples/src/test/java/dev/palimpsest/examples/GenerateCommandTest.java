package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {
  private static final String PROMPT = "a flat icon of a fire engine";

  @TempDir private Path dir = Path.of("");

  @Test
  void thePictureIsThatOfDiffusers() throws IOException {
    Path file = dir.resolve("engine.png");
    try (TemporaryFolder folder = TemporaryFolder.create()) {
      folder.extract(GenerateCommand.class, List.of("doctor/sample.safetensors"));
      var reference = Safetensors.read(folder.path().resolve("doctor/sample.safetensors"));
      Map<String, String> settings = reference.metadata();
      Cli done =
          Cli.run(
              "generate",
              settings.getOrDefault("prompt", ""),
              "--seed",
              settings.getOrDefault("seed", ""),
              "--out",
              file);
      assertEquals(0, done.code(), done::err);
      assertEquals("", done.err());
      Tensor want = reference.tensor("pixels");
      Tensor got = Pictures.toUnit(Pictures.toTensor(Pictures.read(file)));
      assertEquals(want.shape(), got.shape());
      int difference = DoctorCommand.difference(got, want);
      assertTrue(difference <= 2, () -> difference + "/255");
    }
  }

  @Test
  void attentionIsChangedAndShown() throws IOException {
    Path plain = dir.resolve("plain.png");
    Path edited = dir.resolve("edited.png");
    assertEquals(0, short2("--seed", 8, "--out", plain).code());
    Cli done =
        short2(
            "--seed",
            8,
            "--reweight",
            "fire engine@0",
            "--perturbed-guidance",
            2,
            "--heat-map",
            "fire engine",
            "--out",
            edited);
    assertEquals(0, done.code(), done::err);
    assertTrue(largestChange(Pictures.read(plain), Pictures.read(edited)) > 20);
    assertTrue(done.out().contains("edited-fire-engine.png"), done::out);
    assertEquals(64, Pictures.read(dir.resolve("edited-fire-engine.png")).getWidth());
    Cli unknown = short2("--reweight", "car@2", "--out", edited);
    assertEquals(2, unknown.code());
    assertTrue(unknown.err().contains("no 'car'"), unknown::err);
    assertEquals(2, short2("--reweight", "fire engine", "--out", edited).code());
  }

  @Test
  void largePicturesAreMadeInWindowsTilesAndTwoPasses() throws IOException {
    Path file = dir.resolve("large.png");
    Cli done =
        short2(
            "--size",
            "96x64",
            "--windows",
            "64/32",
            "--tiling",
            "exact",
            "--hires",
            "latents@1",
            "--region",
            "0,0,48x64=a flat icon of a boat",
            "--upscale",
            "144x96",
            "--out",
            file);
    assertEquals(0, done.code(), done::err);
    BufferedImage image = Pictures.read(file);
    assertEquals(144, image.getWidth());
    assertEquals(96, image.getHeight());
    for (String[] wrong :
        new String[][] {
          {"--windows", "64-32"},
          {"--tiling", "some"},
          {"--hires", "latents@"},
          {"--region", "0,0,48=a boat"}
        }) {
      Cli refused = short2(wrong[0], wrong[1], "--out", file);
      assertEquals(2, refused.code(), wrong[1]);
      assertTrue(refused.err().contains(wrong[1]), refused::err);
    }
  }

  @Test
  void aSeedGivesOnePictureAndTheFileSaysHow() throws IOException {
    Path alone = dir.resolve("alone.png");
    Path several = dir.resolve("several.png");
    assertEquals(0, short2("--seed", 8, "--out", alone).code());
    Cli done = short2("--seed", 7, "--images", 3, "--batch", 2, "--out", several);
    assertEquals(0, done.code(), done::err);
    assertTrue(done.out().contains("several-8.png: 64x64, seed 8"), done::out);
    // Batches of other sizes sum in another order: one level of 256, where a value lies between
    // two.
    double difference =
        largestChange(Pictures.read(alone), Pictures.read(dir.resolve("several-8.png")));
    assertTrue(difference <= 1, () -> difference + "/255");
    assertTrue(Files.exists(dir.resolve("several-9.png")));
    String parameters = PngFile.metadata(alone).parameters().orElseThrow();
    assertTrue(parameters.startsWith(PROMPT) && parameters.contains("Seed: 8"), parameters);
  }

  @Test
  void metadataCanBeLeftOut() throws IOException {
    Path file = dir.resolve("private.png");
    assertEquals(0, short2("--seed", 1, "--no-metadata", "--out", file).code());
    assertTrue(PngFile.metadata(file).parameters().isEmpty());
    assertTrue(PngFile.metadata(file).json().isEmpty());
    assertTrue(PngFile.metadata(file).isGenerated());
  }

  @Test
  void startsFromAPictureAndKeepsWhatTheMaskKeeps() throws IOException {
    Path first = dir.resolve("first.png");
    Path second = dir.resolve("second.png");
    Path mask = dir.resolve("mask.png");
    assertEquals(0, short2("--seed", 1, "--out", first).code());
    var black = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
    PngFile.write(mask, black, PngMetadata.none());
    Cli kept =
        short2("--seed", 2, "--image", first, "--strength", 0.5, "--mask", mask, "--out", second);
    assertEquals(0, kept.code(), kept::err);
    double change = meanChange(Pictures.read(first), Pictures.read(second));
    assertTrue(change < 12, "a black mask keeps the picture up to the autoencoder: " + change);
    Cli changed = short2("--seed", 2, "--image", first, "--strength", 1, "--out", second);
    assertEquals(0, changed.code(), changed::err);
    double more = meanChange(Pictures.read(first), Pictures.read(second));
    assertTrue(more > 2 * change, more + " is more than " + change);
  }

  @Test
  void otherSchedulersNegativeAndWeightedPrompts() {
    Cli done =
        Cli.run(
            "generate",
            "a flat icon of a (fire engine:1.2)",
            "--weighted",
            "--negative",
            "a twemoji",
            "--scheduler",
            "euler",
            "--steps",
            2,
            "--clip-skip",
            1,
            "--threads",
            1,
            "--size",
            "64x96",
            "--out",
            dir.resolve("x.png"));
    assertEquals(0, done.code(), done::err);
    assertTrue(done.out().contains("64x96"), done::out);
  }

  @Test
  void aPromptOfTenThousandWordsIsCutWithAWarning() {
    Cli done =
        Cli.run(
            "generate", "apple ".repeat(10_000), "--steps", 1, "--out", dir.resolve("long.png"));
    assertEquals(0, done.code(), done::err);
    assertTrue(done.err().startsWith("warning: the prompt is longer than 32 tokens"), done::err);
    assertEquals(1, done.err().lines().count());
    assertTrue(done.err().length() < 500, done::err);
  }

  @Test
  void wordsThatTheStarterNeverSawAreNamed() {
    Cli done = Cli.run("generate", "a BMW, twilit", "--steps", 1, "--out", dir.resolve("x.png"));
    assertEquals(0, done.code(), done::err);
    assertTrue(done.err().contains("never shown 'bmw', 'twilit'"), done::err);
  }

  @Test
  void anUnknownSchedulerListsTheKnown() {
    wrong(2, "dpmsolver++", "--scheduler", "magic");
    wrong(2, "'magic'", "--scheduler", "magic");
  }

  @Test
  void wrongArgumentsAreNamed() {
    wrong(2, "steps must be > 0, was 0", "--steps", 0);
    wrong(2, "size 63x64 does not divide by 4", "--size", "63x64");
    wrong(2, "'wide' is no size such as 768x512", "--size", "wide");
    wrong(2, "--images must be > 0, was 0", "--images", 0);
    wrong(2, "strength must be in (0, 1], was 2.0", "--strength", 2);
    wrong(2, "no device 'tpu'", "--device", "tpu");
    wrong(1, "no such folder", "--model", dir.resolve("nowhere"));
    wrong(1, "no such file", "--image", dir.resolve("nowhere.png"));
  }

  @Test
  void anUnwritableOutputIsToldBeforeTheWorkAndLeavesNothing() throws IOException {
    wrong(1, "there is no folder", "--out", dir.resolve("no/folder/x.png"));
    wrong(1, "it is a folder", "--out", dir);
    try (Stream<Path> files = Files.list(dir)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aCancelledCommandSaysSo() {
    var application = new Palimpsest();
    application.cancellation().cancel();
    Path file = dir.resolve("x.png");
    Cli cancelled = Cli.run(application, "generate", PROMPT, "--out", file);
    assertEquals(130, cancelled.code());
    assertEquals("cancelled", cancelled.err().strip());
    assertFalse(Files.exists(file));
  }

  private static Cli short2(Object... options) {
    Object[] words =
        Stream.concat(Stream.of("generate", PROMPT, "--steps", 2), Stream.of(options)).toArray();
    return Cli.run(words);
  }

  private void wrong(int code, String message, Object... options) {
    Object[] words = Stream.concat(Stream.of("generate", PROMPT), Stream.of(options)).toArray();
    Cli failed = Cli.run(words);
    assertEquals(code, failed.code(), failed::err);
    assertTrue(failed.err().contains(message), failed::err);
    assertTrue(failed.err().startsWith("error: "), failed::err);
    assertFalse(failed.err().contains("\tat "), failed::err);
    assertEquals("", failed.out());
  }

  private static double largestChange(BufferedImage a, BufferedImage b) {
    float[] x = Pictures.toTensor(a).floats();
    float[] y = Pictures.toTensor(b).floats();
    double largest = 0;
    for (int i = 0; i < x.length; i++) {
      largest = Math.max(largest, Math.abs(x[i] - y[i]) * 127.5);
    }
    return Math.rint(largest);
  }

  private static double meanChange(BufferedImage a, BufferedImage b) {
    float[] x = Pictures.toTensor(a).floats();
    float[] y = Pictures.toTensor(b).floats();
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += Math.abs(x[i] - y[i]) * 127.5;
    }
    return sum / x.length;
  }
}
