package dev.palimpsest.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.management.ThreadMXBean;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.Dimension;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PicturesTest {
  @TempDir Path folder = Path.of("");

  @Test
  void readsAsPillowDoes() throws IOException {
    GoldenArrays goldens = GoldenArrays.read("pillow");
    int cases = 0;
    for (JsonNode c : goldens.cases("read")) {
      String file = c.get("file").asText();
      BufferedImage got = PillowGoldens.picture("pillow", file);
      assertEquals(BufferedImage.TYPE_INT_RGB, got.getType());
      PillowGoldens.assertPixels(file, goldens.expected(c, "values"), got);
      cases++;
    }
    assertEquals(28, cases);
  }

  @Test
  void theSizeInAHeaderIsThatOfTheUprightPicture() throws IOException {
    GoldenArrays goldens = GoldenArrays.read("pillow");
    for (JsonNode c : goldens.cases("read")) {
      String name = c.get("file").asText();
      BufferedImage picture = PillowGoldens.picture("pillow", name);
      Path file = GoldenArrays.file("pillow", name);
      assertEquals(
          new Dimension(picture.getWidth(), picture.getHeight()), Pictures.size(file, 1 << 20));
    }
  }

  /** 3 x 2 pixels, made by Pillow 13 with an Exif orientation of 6. */
  private static final String TURNED_PNG =
      "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kA"
          + "AAAYSURBVHicY/jPwMDwn4GB4T8ThPrPwAAAO+wF/Vg+vEcAAAAASUVORK5CYII=";

  @Test
  void aPngIsTurnedAsItsExifSays() throws IOException {
    byte[] png = Base64.getDecoder().decode(TURNED_PNG);
    Path file = Files.write(folder.resolve("turned.png"), png);
    assertEquals(new Dimension(2, 3), Pictures.size(file, 6));
    int[] upright = {0xffff00, 0xff0000, 0x00ffff, 0x00ff00, 0xff00ff, 0x0000ff}; // as Pillow's
    assertArrayEquals(upright, Rgb.pixels(Pictures.read(file)));
    // The same chunk behind the pixels; files that are cut off.
    byte[] moved = png.clone();
    System.arraycopy(png, 71, moved, 33, 36);
    System.arraycopy(png, 33, moved, 69, 38);
    assertArrayEquals(
        upright, Rgb.pixels(Pictures.read(Files.write(folder.resolve("moved.png"), moved))));
    for (int size : new int[] {1, 7, 8, 40, 50}) {
      Path cut = Files.write(folder.resolve("cut.png"), Arrays.copyOf(png, size));
      assertThrows(CheckpointException.class, () -> Pictures.read(cut));
    }
  }

  @Test
  void transparencyIsLaidOverWhite() throws IOException {
    var picture = new BufferedImage(3, 1, BufferedImage.TYPE_INT_ARGB);
    picture.setRGB(0, 0, 0xff102030);
    picture.setRGB(1, 0, 0x00102030);
    picture.setRGB(2, 0, 0x80000000);
    Path file = folder.resolve("alpha.png");
    ImageIO.write(picture, "png", file.toFile());
    BufferedImage read = Pictures.readOverWhite(file, 100);
    assertEquals(0xff102030, read.getRGB(0, 0));
    assertEquals(0xffffffff, read.getRGB(1, 0));
    assertEquals(0xff7f7f7f, read.getRGB(2, 0));
    assertEquals(0xff102030, Pictures.read(file).getRGB(1, 0));
  }

  @Test
  void resizedPicturesEqualTheReference() throws IOException {
    GoldenArrays goldens = GoldenArrays.read("vae_pictures");
    int cases = 0;
    for (JsonNode c : goldens.cases("image_resize")) {
      BufferedImage picture = PillowGoldens.picture("vae_pictures", c.get("png_in").asText());
      BufferedImage resized =
          Resampling.LANCZOS.resize(picture, c.get("width").asInt(), c.get("height").asInt());
      assertSameBits(goldens.expected(c, "preprocessed"), Pictures.toTensor(resized));
      cases++;
    }
    assertEquals(2, cases);
  }

  @Test
  void picturesBeforeAndAfterTheAutoencoderEqualTheReference() throws IOException {
    GoldenArrays goldens = GoldenArrays.read("vae_pictures");
    int cases = 0;
    for (JsonNode c : goldens.cases("vae_image")) {
      BufferedImage picture = PillowGoldens.picture("vae_pictures", c.get("png_in").asText());
      assertSameBits(
          goldens.expected(c, "preprocessed"), Pictures.toTensor(Pictures.fit(picture, 4)));
      Tensor unit = planes(goldens.expected(c, "float_image_hwc"));
      BufferedImage out = Pictures.fromUnit(unit).get(0);
      PillowGoldens.assertPixels("uint8", goldens.expected(c, "uint8_image_hwc"), out);
      BufferedImage file = PillowGoldens.picture("vae_pictures", c.get("png_out").asText());
      assertArrayEquals(PillowGoldens.samples(file), PillowGoldens.samples(out));
      cases++;
    }
    assertEquals(2, cases);
  }

  @Test
  void fitBringsSidesDownToMultiples() {
    BufferedImage picture = new BufferedImage(37, 23, BufferedImage.TYPE_INT_RGB);
    BufferedImage fitted = Pictures.fit(picture, 8);
    assertEquals(32, fitted.getWidth());
    assertEquals(16, fitted.getHeight());
    assertSame(fitted, Pictures.fit(fitted, 8));
    var e = assertThrows(IllegalArgumentException.class, () -> Pictures.fit(picture, 24));
    assertEquals("a picture of 37x23 has no multiple of 24 in both sides", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Pictures.fit(picture, 0));
  }

  @Test
  void everySampleSurvivesTheTensor() {
    int[] pixels = new int[256];
    Arrays.setAll(pixels, i -> i << 16 | (255 - i) << 8 | (i * 7 & 0xff));
    Tensor tensor = Pictures.toTensor(Rgb.picture(16, 16, pixels));
    assertEquals(Shape.of(1, 3, 16, 16), tensor.shape());
    assertEquals(-1, tensor.floats()[0]);
    assertEquals(1, tensor.floats()[255]);
    assertArrayEquals(pixels, Rgb.pixels(Pictures.fromTensor(tensor).get(0)));
  }

  @Test
  void valuesAreClampedAndRoundedHalfToEven() {
    Tensor unit = Tensor.of(Shape.of(1, 1, 1, 4), 0.5f / 255, 1.5f / 255, 2.5f / 255, 1);
    assertArrayEquals(
        new int[] {0, 0x020202, 0x020202, 0xffffff}, Rgb.pixels(Pictures.fromUnit(unit).get(0)));
    Tensor wide = Tensor.of(Shape.of(1, 1, 1, 3), -7, Float.POSITIVE_INFINITY, 0);
    assertArrayEquals(new float[] {0, 1, 0.5f}, Pictures.toUnit(wide).floats());
    assertArrayEquals(
        new int[] {0, 0xffffff, 0x808080}, Rgb.pixels(Pictures.fromTensor(wide).get(0)));
  }

  @Test
  void aBatchGivesItsPicturesInOrder() {
    List<BufferedImage> pictures =
        Pictures.fromTensor(Tensor.of(Shape.of(2, 1, 1, 2), -1, 1, 1, -1f));
    assertArrayEquals(new int[] {0, 0xffffff}, Rgb.pixels(pictures.get(0)));
    assertArrayEquals(new int[] {0xffffff, 0}, Rgb.pixels(pictures.get(1)));
  }

  @Test
  void nanIsRefused() {
    Tensor tensor = Tensor.of(Shape.of(2, 1, 1, 1), 0, Float.NaN);
    var e = assertThrows(IllegalArgumentException.class, () -> Pictures.fromTensor(tensor));
    assertEquals("picture 1 holds NaN, not a value in [0, 1]", e.getMessage());
  }

  @Test
  void valuesOutsideTheUnitIntervalAreRefused() {
    Tensor tensor = Tensor.of(Shape.of(1, 1, 1, 1), 1.5f);
    assertThrows(IllegalArgumentException.class, () -> Pictures.fromUnit(tensor));
  }

  @Test
  void tensorsThatAreNoPicturesAreRefused() {
    for (Shape shape :
        List.of(
            Shape.of(3, 2, 2), Shape.of(1, 4, 2, 2), Shape.of(1, 3, 0, 2), Shape.of(1, 3, 2, 0))) {
      assertThrows(IllegalArgumentException.class, () -> Pictures.fromTensor(Tensor.zeros(shape)));
    }
  }

  @Test
  void aClaimOfTooManyPixelsIsRefusedBeforeDecoding() throws IOException {
    byte[] bomb = header(20_000, 20_000);
    assertEquals(69, bomb.length);
    Path file = Files.write(folder.resolve("bomb.png"), bomb);
    long before = allocated();
    var e = assertThrows(CheckpointException.class, () -> Pictures.read(file));
    assertEquals(file + " claims 20000x20000 pixels; at most 64000000 are read", e.getMessage());
    assertTrue(allocated() - before < 20_000_000, "decoded before it was refused");
    var fromStream =
        assertThrows(
            CheckpointException.class,
            () -> Pictures.read(new ByteArrayInputStream(bomb), "upload", 1000));
    assertEquals(
        "upload claims 20000x20000 pixels; at most 1000 are read", fromStream.getMessage());
  }

  @Test
  void theLimitOfPixelsIsTheCallers() throws IOException {
    Path file = folder.resolve("small.png");
    PngFile.write(file, new BufferedImage(8, 4, BufferedImage.TYPE_INT_RGB), PngMetadata.none());
    assertEquals(8, Pictures.read(file, 32).getWidth());
    assertThrows(CheckpointException.class, () -> Pictures.read(file, 31));
    assertThrows(IllegalArgumentException.class, () -> Pictures.read(file, 0));
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("none.png");
    var e = assertThrows(NoSuchFileException.class, () -> Pictures.read(file));
    assertEquals(file.toString(), e.getMessage());
    assertThrows(CheckpointException.class, () -> Pictures.read(folder));
  }

  @Test
  void anUnknownFormatIsNamedWithTheKnown() throws IOException {
    Path file = Files.writeString(folder.resolve("text.png"), "no picture at all");
    var e = assertThrows(CheckpointException.class, () -> Pictures.read(file));
    assertTrue(
        String.valueOf(e.getMessage()).startsWith(file + " is no picture in a known format"));
    assertTrue(String.valueOf(e.getMessage()).contains("jpeg, jpg, png"));
    Files.write(file, new byte[0]);
    assertThrows(CheckpointException.class, () -> Pictures.read(file));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rgb8.png", "gray16.png", "palette.gif", "rgb.bmp"})
  void aTruncatedFileIsRefused(String name) throws IOException {
    byte[] whole = Files.readAllBytes(GoldenArrays.file("pillow", name));
    Path file = folder.resolve(name);
    for (int length : new int[] {whole.length / 4, whole.length / 2, whole.length * 3 / 4}) {
      Files.write(file, Arrays.copyOf(whole, length));
      var e = assertThrows(CheckpointException.class, () -> Pictures.read(file), name + length);
      assertTrue(String.valueOf(e.getMessage()).startsWith(file.toString()));
    }
  }

  private static long allocated() {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return threads.getThreadAllocatedBytes(Thread.currentThread().getId());
  }

  /** A PNG of this size whose data is empty. */
  private static byte[] header(int width, int height) {
    byte[] png =
        PngFile.encode(new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB), PngMetadata.none());
    ByteBuffer.wrap(png).putInt(16, width).putInt(20, height);
    var crc = new CRC32();
    crc.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    return png;
  }

  private static void assertSameBits(Tensor want, Tensor got) {
    assertEquals(want.shape(), got.shape());
    assertArrayEquals(want.floats(), got.floats());
  }

  /** [height, width, 3] to [1, 3, height, width]. */
  private static Tensor planes(Tensor hwc) {
    float[] in = hwc.floats();
    float[] out = new float[in.length];
    int plane = in.length / 3;
    for (int i = 0; i < in.length; i++) {
      out[i % 3 * plane + i / 3] = in[i];
    }
    return Tensor.of(Shape.of(1, 3, hwc.shape().dim(0), hwc.shape().dim(1)), out);
  }
}
