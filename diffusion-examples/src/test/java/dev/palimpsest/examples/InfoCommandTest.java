package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfoCommandTest {
  @TempDir private Path dir = Path.of("");

  @Test
  void tellsWhatTheStarterHolds() {
    Cli info = Cli.run("info", "--hash");
    assertEquals(0, info.code(), info::err);
    for (String part :
        new String[] {
          "StableDiffusionPipeline in the starter model",
          "UNet2DConditionModel              5,144,660      9.8 MiB  FLOAT16",
          "6,677,771",
          "scheduler: DDIMScheduler, predicts epsilon",
          "native size: 64x64 pixels"
        }) {
      assertTrue(info.out().contains(part), info::out);
    }
    assertTrue(info.out().lines().anyMatch(line -> line.matches("hash: [0-9a-f]{64}")), info::out);
  }

  @Test
  void tellsHowAPictureWasMade() throws IOException {
    Path said = dir.resolve("said.PNG");
    PngFile.write(said, picture(), PngMetadata.generated().withParameters("a cat\nSteps: 3"));
    Cli info = Cli.run("info", said);
    assertEquals(0, info.code(), info::err);
    assertTrue(info.out().startsWith("a cat\nSteps: 3"), info::out);
    assertTrue(info.out().contains("trained model: yes"), info::out);
    Path silent = dir.resolve("silent.png");
    PngFile.write(silent, picture(), PngMetadata.none());
    Cli nothing = Cli.run("info", silent);
    assertTrue(nothing.out().contains("trained model: no"), nothing::out);
    assertTrue(nothing.out().contains("nothing is said"), nothing::out);
  }

  @Test
  void whatIsMissingIsNamed() {
    Cli folder = Cli.run("info", dir);
    assertEquals(1, folder.code());
    assertTrue(folder.err().contains("no model_index.json"), folder::err);
    Cli file = Cli.run("info", dir.resolve("x.png"));
    assertEquals(1, file.code());
    assertEquals("error: no such file: " + dir.resolve("x.png"), file.err().strip());
  }

  private static BufferedImage picture() {
    return new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
  }
}
