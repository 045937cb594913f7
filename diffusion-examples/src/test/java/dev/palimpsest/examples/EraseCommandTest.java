package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.Erasure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EraseCommandTest {
  private static final String PROMPT = "a 3d render of a rocket";

  @TempDir private Path dir = Path.of("");

  private static String picture(Path file, Object... more) throws IOException {
    Object[] generate = {"generate", PROMPT, "--steps", 3, "--seed", 1, "--out", file};
    Object[] all = new Object[generate.length + more.length];
    System.arraycopy(generate, 0, all, 0, generate.length);
    System.arraycopy(more, 0, all, generate.length, more.length);
    Cli done = Cli.run(all);
    assertEquals(0, done.code(), done::err);
    Cli info = Cli.run("info", file);
    return info.out();
  }

  @Test
  void anErasureIsSavedBakedDescribedAndUsed() throws IOException {
    Path file = dir.resolve("no-rocket.safetensors");
    Path baked = dir.resolve("baked");
    Cli erase =
        Cli.run(
            "erase",
            "--concept",
            "rocket",
            "--preserve",
            "a flat icon of a sailboat",
            "--iterations",
            2,
            "--learning-rate",
            "1e-3",
            "--out",
            file,
            "--bake",
            baked);
    assertEquals(0, erase.code(), erase::err);
    assertTrue(erase.out().contains("after iteration 2 of 2"), erase::out);

    Erasure erasure = Erasure.read(file);
    try (StarterModel starter = StarterModel.open()) {
      assertEquals(starter.checkpoint().with(erasure).hash(), Checkpoint.read(baked).hash());
    }
    Cli info = Cli.run("info", file);
    for (String part :
        new String[] {
          "erasure by ESD_X",
          "erased: rocket",
          "preserved: a flat icon of a sailboat",
          "learning_rate: 0.001",
          "made on: " + erasure.record().baseHash(),
          "35 tensors, 387,840 parameters"
        }) {
      assertTrue(info.out().contains(part), info::out);
    }

    Path plain = dir.resolve("plain.png");
    Path layered = dir.resolve("layered.png");
    Path none = dir.resolve("none.png");
    assertTrue(picture(plain).contains("\"weight_layers\":[]"));
    assertTrue(picture(layered, "--layer", file + "@0.5").contains("at strength 0.5"));
    picture(none, "--layer", file + "@0");
    byte[] pixels = Files.readAllBytes(plain);
    assertEquals(-1, java.util.Arrays.mismatch(pixels, Files.readAllBytes(none)));
    assertFalse(java.util.Arrays.equals(pixels, Files.readAllBytes(layered)));

    Cli other = Cli.run("generate", PROMPT, "--model", baked, "--layer", file);
    assertEquals(2, other.code());
    assertTrue(other.err().contains("was made on the checkpoint with hash"), other::err);
  }

  @Test
  void aRunThatIsDoneGivesItsErasureAgain() throws IOException {
    Path run = dir.resolve("run");
    Path first = dir.resolve("first.safetensors");
    Path second = dir.resolve("second.safetensors");
    for (Path out : new Path[] {first, second}) {
      Cli erase =
          Cli.run("erase", "--concept", "cat", "--iterations", 1, "--run", run, "--out", out);
      assertEquals(0, erase.code(), erase::err);
    }
    assertEquals(-1, Files.mismatch(first, second));
    Cli changed =
        Cli.run("erase", "--concept", "dog", "--iterations", 1, "--run", run, "--out", first);
    assertEquals(2, changed.code());
    assertTrue(changed.err().contains("concepts=\"cat\" there, \"dog\" now"), changed::err);
  }

  @Test
  void anErasureIsConfinedToItsConceptByAListOfPrompts() throws IOException {
    Path prompts =
        Files.write(dir.resolve("stay.txt"), List.of("a flat icon of a tulip", "", "a cat"));
    Path file = dir.resolve("x.safetensors");
    String line = "erase --concept rocket --method ESD_X_STRICT --iterations 1 --confine";
    List<Object> words = new ArrayList<>(List.of((Object[]) line.split(" ")));
    words.addAll(List.of(prompts, "--out", file));
    Cli erase = Cli.run(words.toArray());
    assertEquals(0, erase.code(), erase::err);
    assertEquals("2", Erasure.read(file).record().settings().get("confined_prompts"));
  }

  @Test
  void whatIsWrongIsToldInALine() {
    Path out = dir.resolve("x.safetensors");
    wrong("Missing required option", "erase", "--out", out);
    wrong("must not be empty", "erase", "--concept", " ", "--out", out);
    wrong("iterations must be >= 1", "erase", "--concept", "a", "--iterations", 0, "--out", out);
    wrong("--confine needs", "erase", "--concept", "a", "--confine", dir, "--out", out);
    wrong("'x' in 'f@x' is no strength", "generate", PROMPT, "--layer", "f@x");
    wrong("strength must be from 0 to 1, was 2.0", "generate", PROMPT, "--layer", erasure() + "@2");
  }

  private Path erasure() {
    Path file = dir.resolve("erasure.safetensors");
    assertEquals(0, Cli.run("erase", "--concept", "cat", "--iterations", 1, "--out", file).code());
    return file;
  }

  private static void wrong(String message, Object... line) {
    Cli done = Cli.run(line);
    assertEquals(2, done.code(), done::err);
    assertTrue(done.err().contains(message), done::err);
  }
}
