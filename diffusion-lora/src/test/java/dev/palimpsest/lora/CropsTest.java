package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.training.SeededStream;
import java.awt.image.BufferedImage;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CropsTest {
  private static SeededStream random(long seed) {
    return SeededStream.of(seed, "view");
  }

  @Property
  void aViewLiesInsideAndIsDecidedByTheSeed(
      @ForAll @IntRange(min = 1, max = 5000) int width,
      @ForAll @IntRange(min = 1, max = 5000) int height,
      @ForAll @IntRange(min = 1, max = 8) int wide,
      @ForAll @IntRange(min = 1, max = 8) int high,
      @ForAll long seed) {
    var bucket = new Bucket(64 * wide, 64 * high);
    Crops crops = Crops.random(4).zoom(1.5).flips(0.5);
    Crops.View view = crops.view(width, height, bucket, random(seed));
    assertTrue(view.left() >= 0 && view.left() + bucket.width() <= view.width());
    assertTrue(view.top() >= 0 && view.top() + bucket.height() <= view.height());
    // Resized to cover the bucket, at most 1.5 times: one side is not far larger.
    assertTrue(
        view.width() <= 1.5 * bucket.width() + 1 || view.height() <= 1.5 * bucket.height() + 1);
    assertEquals(view, crops.view(width, height, bucket, random(seed)));
  }

  @Test
  void aCentredViewIsTheMiddle() {
    Crops.View view = Crops.CENTRED.view(100, 50, new Bucket(50, 50), random(1));
    assertEquals(new Crops.View(100, 50, 25, 0, false), view);
    view = Crops.CENTRED.flips(1).view(100, 50, new Bucket(50, 50), random(1));
    assertEquals(new Crops.View(100, 50, 25, 0, true), view);
  }

  @Test
  void aViewIsCutAndFlipped() {
    var picture = new BufferedImage(4, 2, BufferedImage.TYPE_INT_RGB);
    for (int x = 0; x < 4; x++) {
      picture.setRGB(x, 0, x);
      picture.setRGB(x, 1, 16 + x);
    }
    BufferedImage part = new Crops.View(4, 2, 1, 1, true).of(picture, new Bucket(2, 1));
    assertEquals(0xff000012, part.getRGB(0, 0));
    assertEquals(0xff000011, part.getRGB(1, 0));
  }

  @Test
  void impossibleCropsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Crops.random(0));
    assertThrows(IllegalArgumentException.class, () -> Crops.CENTRED.zoom(0.9));
    assertThrows(IllegalArgumentException.class, () -> Crops.CENTRED.flips(Double.NaN));
  }
}
