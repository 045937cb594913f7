package dev.palimpsest.examples.emoji;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.training.SeededStream;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class AugmentationTest {
  private static final Augmentation NONE = new Augmentation(0, 0, 0, 0.5, 0, 0, 1, 0);

  private final BufferedImage picture;

  AugmentationTest() throws IOException {
    Emoji64 emoji = Emoji64.read(Emoji64Test.DATA);
    picture = emoji.picture(emoji.subject("fire engine").orElseThrow(), Style.RENDER);
  }

  private float[] varied(Augmentation augmentation, long index) {
    return augmentation.apply(picture, SeededStream.of(1, "picture", index));
  }

  @Test
  void streamDecidesTheVariation() {
    assertArrayEquals(varied(Augmentation.FULL, 3), varied(Augmentation.FULL, 3));
    assertFalse(Arrays.equals(varied(Augmentation.FULL, 3), varied(Augmentation.FULL, 4)));
  }

  @Test
  void valuesStayInRange() {
    for (int i = 0; i < 20; i++) {
      for (float value : varied(Augmentation.FULL, i)) {
        assertTrue(-1 <= value && value <= 1);
      }
    }
  }

  @Test
  void withoutBoundsOnlyMirroringIsLeft() {
    float[] plain = Augmentation.plain(picture);
    float[] mirrored = plain.clone();
    for (int i = 0; i < plain.length; i++) {
      mirrored[i] = plain[i - i % 64 + 63 - i % 64];
    }
    int plains = 0;
    for (int i = 0; i < 20; i++) {
      float[] varied = varied(NONE, i);
      boolean isPlain = close(plain, varied);
      assertTrue(isPlain || close(mirrored, varied));
      plains += isPlain ? 1 : 0;
    }
    assertEquals(10, plains, 8);
  }

  private static boolean close(float[] expected, float[] values) {
    for (int i = 0; i < values.length; i++) {
      if (Math.abs(expected[i] - values[i]) > 1e-5) {
        return false;
      }
    }
    return true;
  }
}
