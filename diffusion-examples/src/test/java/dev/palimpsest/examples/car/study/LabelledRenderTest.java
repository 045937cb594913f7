package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelledRenderTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void setsAreReadWithTheirLabels() throws Exception {
    RenderData data = RenderData.read(DrawnRenders.write(folder, 3));
    assertEquals(9, data.shown().size());
    assertEquals(6, data.heldOut().size());
    assertEquals("velune", data.car().get(0).labels().get("make"));
    assertTrue(data.car().get(0).caption().contains("velune sedan"));
    assertEquals(9, data.car().get(0).labels().size());
  }

  @Test
  void missingSetIsNamed() throws Exception {
    DrawnRenders.write(folder, 1);
    Files.delete(folder.resolve("rally").resolve("metadata.jsonl"));
    var e = assertThrows(NoSuchFileException.class, () -> RenderData.read(folder));
    assertTrue(String.valueOf(e.getMessage()).contains("rally"), e::toString);
  }

  @Test
  void missingPictureIsNamed() throws Exception {
    DrawnRenders.write(folder, 2);
    Files.delete(folder.resolve("car").resolve("car001.png"));
    var e = assertThrows(CheckpointException.class, () -> RenderData.read(folder));
    assertTrue(String.valueOf(e.getMessage()).contains("line 2"), e::toString);
  }

  @Test
  void widePictureIsShownWholeWithItsEdgesRepeated() {
    BufferedImage wide = DrawnRenders.box(60, 40, 0xff0000);
    wide.setRGB(7, 0, 0x00ff00);
    BufferedImage square = LabelledRender.square(wide, 60);
    assertEquals(60, square.getHeight());
    for (int y = 0; y <= 10; y++) {
      assertEquals(0xff00ff00, square.getRGB(7, y));
    }
    assertEquals(0xffff0000, square.getRGB(30, 30));
  }
}
