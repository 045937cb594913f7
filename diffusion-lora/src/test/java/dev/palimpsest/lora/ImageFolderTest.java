package dev.palimpsest.lora;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.image.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
  /** One red pixel, made by Pillow 13, lossless. */
  private static final String WEBP = "UklGRhwAAABXRUJQVlA4TA8AAAAvAAAAAAcQ/Y/+ByKi/wEA";

  /** 3 x 2 pixels, made by Pillow 13, lossless, with an Exif orientation of 6. */
  private static final String TURNED_WEBP =
      "UklGRmgAAABXRUJQVlA4WAoAAAAIAAAAAgAAAQAAVlA4TCgAAAAvAkAAAC8gEEjaH3qN+RcQFPk/2vwHH0QCg0K2EeDQvQSn"
          + "cBH9j2MFRVhJRhoAAABNTQAqAAAACAABARIAAwAAAAEABgAAAAAAAA==";

  @TempDir Path folder;

  private void picture(String name, int width, int height) throws IOException {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    String type = name.substring(name.lastIndexOf('.') + 1);
    assertTrue(ImageIO.write(image, type, folder.resolve(name).toFile()));
  }

  private void write(String name, String... lines) throws IOException {
    Files.write(folder.resolve(name), List.of(lines));
  }

  @Test
  void captionsAreTextFilesOrLinesOfATable() throws IOException {
    picture("b.png", 8, 4);
    picture("a.jpg", 3, 5);
    picture("c.png", 2, 2);
    write("b.txt", " red,", "blue ");
    write("metadata.jsonl", "{\"file_name\": \"a.jpg\", \"text\": \"green\"}", "");
    write("README.txt", "not a caption");
    ImageFolder read = ImageFolder.of(folder);
    assertEquals(
        List.of(
            new ImageFolder.Picture(folder.resolve("a.jpg"), "green", 3, 5),
            new ImageFolder.Picture(folder.resolve("b.png"), "red, blue", 8, 4),
            new ImageFolder.Picture(folder.resolve("c.png"), "", 2, 2)),
        read.pictures());
    assertEquals("a car", read.captioned("a car").pictures().get(2).caption());
    assertEquals("green", read.captioned("a car").pictures().get(0).caption());
  }

  @Test
  void webpIsRead() throws IOException {
    Path file = folder.resolve("a.webp");
    Files.write(file, Base64.getDecoder().decode(WEBP));
    assertEquals(1, ImageFolder.of(folder).pictures().get(0).width());
    assertEquals(0xffff0000, Pictures.read(file).getRGB(0, 0));
  }

  @Test
  void webpIsTurnedAsItsExifSays() throws IOException {
    Path file = folder.resolve("a.webp");
    Files.write(file, Base64.getDecoder().decode(TURNED_WEBP));
    ImageFolder.Picture picture = ImageFolder.of(folder).pictures().get(0);
    assertEquals(List.of(2, 3), List.of(picture.width(), picture.height()));
    BufferedImage upright = Pictures.read(file);
    int[] pixels = {0xffff00, 0xff0000, 0x00ffff, 0x00ff00, 0xff00ff, 0x0000ff}; // as Pillow's
    for (int i = 0; i < pixels.length; i++) {
      assertEquals(0xff000000 | pixels[i], upright.getRGB(i % 2, i / 2));
    }
  }

  private String problems() {
    return String.valueOf(
        assertThrows(CheckpointException.class, () -> ImageFolder.of(folder, 100)).getMessage());
  }

  @Test
  void everythingThatCannotBeReadIsNamed() throws IOException {
    picture("a.png", 8, 4);
    picture("large.png", 20, 20);
    write("broken.jpg", "no picture");
    write("new.heic", "no picture");
    String message = problems();
    assertTrue(message.contains("3 files cannot be used"), message);
    assertTrue(message.contains("large.png claims 20x20 pixels; at most 100"), message);
    assertTrue(message.contains("broken.jpg is no picture"), message);
    assertTrue(message.contains("new.heic: heic is not read"), message);
  }

  @Test
  void captionsThatCannotBeUsedAreNamed() throws IOException {
    picture("a.png", 1, 1);
    picture("b.png", 1, 1);
    write("a.txt", "again");
    Files.write(folder.resolve("b.txt"), "grün".getBytes(ISO_8859_1));
    write(
        "metadata.jsonl",
        "{\"file_name\": \"a.png\", \"text\": \"first\"}",
        "{\"file_name\": \"other.png\", \"text\": \"x\"}",
        "{\"file_name\": \"b.png\"}",
        "{no json");
    String message = problems();
    assertTrue(message.contains("5 files cannot be used"), message);
    assertTrue(message.contains("a.txt: a.png has a caption already"), message);
    assertTrue(message.contains("b.txt: not UTF-8"), message);
    assertTrue(message.contains("metadata.jsonl line 2: no picture other.png"), message);
    assertTrue(message.contains("line 3: expected the texts"), message);
    assertTrue(message.contains("line 4: "), message);
  }

  @Test
  void aLongCaptionIsRefused() throws IOException {
    picture("a.png", 1, 1);
    write("a.txt", "x".repeat(70_000));
    assertTrue(problems().contains("a.txt: 70001 bytes are too many"));
  }

  @Test
  void foldersWithoutPicturesAreRefused() {
    assertTrue(problems().contains("no picture; known are"));
    var e =
        assertThrows(
            CheckpointException.class, () -> ImageFolder.of(folder.resolve("missing"), 100));
    assertTrue(String.valueOf(e.getMessage()).contains("no such folder"));
  }
}
