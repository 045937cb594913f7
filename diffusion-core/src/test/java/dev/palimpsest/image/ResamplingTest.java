package dev.palimpsest.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.tensor.GoldenArrays;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResamplingTest {
  private final BufferedImage image = new BufferedImage(4, 3, BufferedImage.TYPE_INT_RGB);

  @Test
  void equalsPillowInEveryBit() throws IOException {
    GoldenArrays goldens = GoldenArrays.read("pillow");
    int cases = 0;
    for (JsonNode c : goldens.cases("resize")) {
      BufferedImage source = PillowGoldens.picture("pillow", c.get("png_in").asText());
      var filter = Resampling.valueOf(c.get("filter").asText());
      BufferedImage got = filter.resize(source, c.get("width").asInt(), c.get("height").asInt());
      PillowGoldens.assertPixels(c.get("id").asText(), goldens.expected(c, "values"), got);
      cases++;
    }
    assertEquals(80, cases);
  }

  @Property(tries = 200)
  void aConstantPictureStaysConstant(
      @ForAll Resampling filter,
      @ForAll @IntRange(max = 0xffffff) int colour,
      @ForAll @IntRange(min = 1, max = 40) int fromWidth,
      @ForAll @IntRange(min = 1, max = 40) int fromHeight,
      @ForAll @IntRange(min = 1, max = 60) int width,
      @ForAll @IntRange(min = 1, max = 60) int height) {
    checkConstant(filter, colour, fromWidth, fromHeight, width, height);
  }

  @Tag("slow")
  @Property(tries = 100_000)
  void aConstantPictureStaysConstantOften(
      @ForAll Resampling filter,
      @ForAll @IntRange(max = 0xffffff) int colour,
      @ForAll @IntRange(min = 1, max = 40) int fromWidth,
      @ForAll @IntRange(min = 1, max = 40) int fromHeight,
      @ForAll @IntRange(min = 1, max = 60) int width,
      @ForAll @IntRange(min = 1, max = 60) int height) {
    checkConstant(filter, colour, fromWidth, fromHeight, width, height);
  }

  private static void checkConstant(
      Resampling filter, int colour, int fromWidth, int fromHeight, int width, int height) {
    int[] pixels = new int[fromWidth * fromHeight];
    Arrays.fill(pixels, colour);
    BufferedImage got = filter.resize(Rgb.picture(fromWidth, fromHeight, pixels), width, height);
    assertEquals(width, got.getWidth());
    assertEquals(height, got.getHeight());
    for (int pixel : Rgb.pixels(got)) {
      assertEquals(colour, pixel);
    }
  }

  @Test
  void theSameSizeIsTheSamePicture() {
    assertSame(image, Resampling.LANCZOS.resize(image, 4, 3));
  }

  @Test
  void otherTypesBecomeRgb() {
    var gray = new BufferedImage(4, 3, BufferedImage.TYPE_BYTE_GRAY);
    gray.getRaster().setSample(1, 2, 0, 77);
    BufferedImage got = Resampling.NEAREST.resize(gray, 4, 3);
    assertEquals(BufferedImage.TYPE_INT_RGB, got.getType());
    assertEquals(0xff4d4d4d, got.getRGB(1, 2));
  }

  @Test
  void aPartOfAPictureIsResizedAlone() {
    image.setRGB(3, 2, 0xffffff);
    BufferedImage part = image.getSubimage(2, 1, 2, 2);
    assertEquals(0xffffffff, Resampling.NEAREST.resize(part, 4, 4).getRGB(3, 3));
    assertEquals(0xff000000, Resampling.NEAREST.resize(part, 4, 4).getRGB(0, 0));
  }

  @ParameterizedTest
  @CsvSource({"0, 4", "4, 0", "-1, 4", "1000000, 1000000"})
  void impossibleSizesAreRefused(int width, int height) {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> Resampling.LANCZOS.resize(image, width, height));
    assertEquals("cannot resize a picture to " + width + "x" + height, e.getMessage());
  }
}
