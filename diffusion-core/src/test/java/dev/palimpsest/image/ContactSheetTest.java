package dev.palimpsest.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContactSheetTest {
  private static final List<BufferedImage> THREE =
      List.of(filled(20, 10, 0xff0000), filled(20, 10, 0x00ff00), filled(20, 10, 0x0000ff));

  @Test
  void picturesLieRowByRowOnWhite() {
    BufferedImage sheet = ContactSheet.of(THREE, 2).draw();
    assertEquals(2 * 20 + 3 * 4, sheet.getWidth());
    assertEquals(2 * 10 + 3 * 4, sheet.getHeight());
    assertEquals(0xffff0000, sheet.getRGB(4, 4));
    assertEquals(0xffff0000, sheet.getRGB(23, 13));
    assertEquals(0xff00ff00, sheet.getRGB(28, 4));
    assertEquals(0xff0000ff, sheet.getRGB(4, 18));
    assertEquals(0xffffffff, sheet.getRGB(0, 0));
    assertEquals(0xffffffff, sheet.getRGB(24, 4));
    assertEquals(0xffffffff, sheet.getRGB(40, 20), "the last row is short");
  }

  @Test
  void labelsAreDrawnOutsideThePictures() {
    ContactSheet plain = ContactSheet.of(THREE, 2);
    BufferedImage sheet =
        plain
            .columnLabels(List.of("watercolour", "a very long style that needs lines"))
            .rowLabels(List.of("a cat", ""))
            .draw();
    int width = sheet.getWidth();
    int[] pixels = Rgb.pixels(sheet);
    int red = indexOf(pixels, 0xff0000);
    int blue = indexOf(pixels, 0x0000ff);
    assertTrue(red / width > 12 && red % width > 20, "room for labels above and left");
    assertTrue(dark(sheet, 0, 0, width, red / width) > 50, "column labels");
    assertTrue(dark(sheet, 0, red / width, red % width, blue / width) > 10, "row label");
    assertEquals(0, dark(sheet, 0, blue / width, red % width, sheet.getHeight()), "no label");
    for (int colour : new int[] {0xff0000, 0x00ff00, 0x0000ff}) {
      assertEquals(200, Arrays.stream(pixels).filter(p -> p == colour).count());
    }
    assertArrayEquals(
        Rgb.pixels(plain.draw()), Rgb.pixels(ContactSheet.of(THREE, 2).draw()), "unchanged");
  }

  @Test
  void picturesOfOtherSizesAreRefused() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> ContactSheet.of(List.of(filled(20, 10, 0), filled(10, 20, 0)), 2));
    assertEquals("picture 1 has size 10x20, the first 20x10", e.getMessage());
  }

  @Test
  void noPicturesOrColumnsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> ContactSheet.of(List.of(), 1));
    assertThrows(IllegalArgumentException.class, () -> ContactSheet.of(THREE, 0));
  }

  @Test
  void tooManyOrFewLabelsAreRefused() {
    ContactSheet sheet = ContactSheet.of(THREE, 2);
    assertThrows(IllegalArgumentException.class, () -> sheet.columnLabels(List.of("a")));
    assertThrows(IllegalArgumentException.class, () -> sheet.rowLabels(List.of("a", "b", "c")));
  }

  @Test
  void aSheetThatIsTooLargeIsRefused() {
    BufferedImage large = filled(4000, 4000, 0);
    ContactSheet sheet = ContactSheet.of(Collections.nCopies(17, large), 17);
    var e = assertThrows(IllegalArgumentException.class, sheet::draw);
    assertTrue(String.valueOf(e.getMessage()).contains("too large"));
  }

  private static int indexOf(int[] pixels, int colour) {
    for (int i = 0; i < pixels.length; i++) {
      if (pixels[i] == colour) {
        return i;
      }
    }
    throw new AssertionError("no pixel of colour " + colour);
  }

  private static int dark(BufferedImage image, int left, int top, int right, int bottom) {
    int count = 0;
    for (int y = top; y < bottom; y++) {
      for (int x = left; x < right; x++) {
        count += Rgb.luma(image.getRGB(x, y)) < 128 ? 1 : 0;
      }
    }
    return count;
  }

  private static BufferedImage filled(int width, int height, int colour) {
    int[] pixels = new int[width * height];
    Arrays.fill(pixels, colour);
    return Rgb.picture(width, height, pixels);
  }
}
