package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.lora.Lora;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainLoraCommandTest {
  @TempDir Path temp = Path.of("");

  @Test
  void aFolderOfPicturesBecomesALoraThatGenerates() throws IOException {
    Path pictures = pictures("pictures", "a flat icon of a zq7");
    Path file = temp.resolve("night.safetensors");
    Cli trained =
        Cli.run(
            "train-lora",
            pictures,
            "--known-pictures",
            pictures("known", "a flat icon of a fire engine"),
            "--prior-weight",
            4,
            "--trigger",
            "zq7:ball",
            "--steps",
            2,
            "--rank",
            2,
            "--validate",
            2,
            "--run",
            temp.resolve("run"),
            "--out",
            file);
    assertEquals(0, trained.code(), trained::err);
    assertTrue(trained.out().contains("trigger 'zq7' takes"), trained::out);
    assertTrue(trained.out().contains("after step 2 of 2"), trained::out);
    assertTrue(Files.exists(temp.resolve("run/zq7-000002.png")));
    Map<String, String> metadata = Lora.read(file).metadata();
    assertEquals("zq7 ball", metadata.get("modelspec.trigger_phrase"));
    assertEquals("4.0", metadata.get("ss_prior_loss_weight"));
    Cli drawn =
        Cli.run(
            "generate",
            "a flat icon of a fire engine",
            "--steps",
            1,
            "--lora",
            file + "@0.5",
            "--out",
            temp.resolve("a.png"));
    assertEquals(0, drawn.code(), drawn::err);
    assertTrue(drawn.err().contains("uses none of the trigger words: zq7 ball"), drawn::err);
  }

  private Path pictures(String name, String caption) throws IOException {
    Path folder = Files.createDirectory(temp.resolve(name));
    for (int i = 0; i < 2; i++) {
      var picture = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
      PngFile.write(folder.resolve(i + ".png"), picture, PngMetadata.none());
      Files.writeString(folder.resolve(i + ".txt"), caption);
    }
    return folder;
  }

  @Test
  void twoKindsOfPriorsAreRefused() throws IOException {
    Path pictures = pictures("pictures", "a zq7");
    Cli refused =
        Cli.run(
            "train-lora",
            pictures,
            "--class-pictures",
            pictures,
            "--known-pictures",
            pictures,
            "--steps",
            1,
            "--out",
            temp.resolve("x.safetensors"));
    assertEquals(2, refused.code());
    assertTrue(refused.err().contains("--known-pictures " + pictures), refused::err);
  }

  @Test
  void aFolderWithoutPicturesIsRefused() {
    Cli refused = Cli.run("train-lora", temp, "--steps", 1, "--out", temp.resolve("x.safetensors"));
    assertEquals(1, refused.code());
    assertTrue(refused.err().contains("no picture; known are"), refused::err);
  }
}
