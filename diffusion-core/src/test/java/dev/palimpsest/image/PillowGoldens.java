package dev.palimpsest.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;

/** The pictures of the test resources and how they are compared. */
final class PillowGoldens {
  private PillowGoldens() {}

  static BufferedImage picture(String folder, String name) throws IOException {
    return Pictures.read(GoldenArrays.file(folder, name), 10_000);
  }

  /** Red, green, blue of each pixel, row by row. */
  static long[] samples(BufferedImage image) {
    int[] pixels = Rgb.pixels(image);
    long[] out = new long[3 * pixels.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (pixels[i / 3] >>> (16 - 8 * (i % 3))) & 0xff;
    }
    return out;
  }

  static void assertPixels(String what, Tensor want, BufferedImage got) {
    assertArrayEquals(
        new long[] {got.getHeight(), got.getWidth(), 3}, want.shape().toArray(), what);
    assertArrayEquals(want.longs(), samples(got), what);
  }
}
