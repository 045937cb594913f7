package dev.palimpsest.examples.emoji;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Emoji64Test {
  static final Path DATA = Path.of("data", "emoji64");

  @TempDir private Path copy = Path.of("");

  @BeforeEach
  void copy() throws IOException {
    for (Style style : Style.values()) {
      Files.copy(DATA.resolve(style.sheet()), copy.resolve(style.sheet()));
    }
    Files.copy(DATA.resolve("subjects.tsv"), copy.resolve("subjects.tsv"));
  }

  @Test
  void subjectsAndTheGroupThatIsHeldOut() throws IOException {
    Emoji64 emoji = Emoji64.read(copy);
    assertEquals(587, emoji.subjects().size());
    assertEquals(503, emoji.shown().size());
    Subject engine = emoji.subject("fire engine").orElseThrow();
    assertEquals(engine, emoji.subjects().get(engine.index()));
    assertTrue(emoji.subject("no such thing").isEmpty());
    assertEquals("a flat icon of a fire engine", Style.FLAT.prompt(engine.caption()));
  }

  @Test
  void pictureIsCutFromItsPlaceOnTheSheet() throws IOException {
    Emoji64 emoji = Emoji64.read(copy);
    BufferedImage sheet = ImageIO.read(DATA.resolve(Style.NOTO.sheet()).toFile());
    BufferedImage picture = emoji.picture(emoji.subjects().get(25), Style.NOTO);
    assertEquals(64, picture.getWidth());
    assertEquals(64, picture.getHeight());
    for (int i = 0; i < 64; i++) {
      assertEquals(sheet.getRGB(64 + i, 64 + 30) & 0xffffff, picture.getRGB(i, 30) & 0xffffff);
    }
  }

  @Test
  void lineDrawingsAreGreyOnWhite() throws IOException {
    Emoji64 emoji = Emoji64.read(copy);
    BufferedImage picture = emoji.picture(emoji.subjects().get(0), Style.LINES);
    assertEquals(0xffffff, picture.getRGB(0, 0) & 0xffffff);
    for (int i = 0; i < 64; i++) {
      int pixel = picture.getRGB(i, 32);
      assertEquals(pixel & 255, pixel >> 8 & 255);
    }
  }

  @Test
  void missingSheet() throws IOException {
    Files.delete(copy.resolve("noto.png"));
    NoSuchFileException e = assertThrows(NoSuchFileException.class, () -> Emoji64.read(copy));
    assertTrue(requireNonNull(e.getMessage()).contains("noto.png"), e.getMessage());
  }

  @Test
  void sheetOfAnotherSize() throws IOException {
    var small = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
    ImageIO.write(small, "png", copy.resolve("twemoji.png").toFile());
    refused("twemoji.png is 64x64 pixels, expected 1536x1600 for 587 subjects");
  }

  @Test
  void tableWithOtherColumns() throws IOException {
    Files.writeString(copy.resolve("subjects.tsv"), "index,caption\n");
    refused("does not begin with the columns [index, codepoint");
  }

  @Test
  void tableOutOfOrder() throws IOException {
    String head = Files.readAllLines(copy.resolve("subjects.tsv")).get(0);
    Files.writeString(copy.resolve("subjects.tsv"), head + "\n1\tx\tcat\tg\ts\tk\n");
    refused("line 2: expected the index 0 and 6 fields, found: 1");
  }

  @Test
  void tableWithoutSubjects() throws IOException {
    String head = Files.readAllLines(copy.resolve("subjects.tsv")).get(0);
    Files.writeString(copy.resolve("subjects.tsv"), head + "\n");
    refused("lists no subject");
  }

  private void refused(String message) {
    CheckpointException e = assertThrows(CheckpointException.class, () -> Emoji64.read(copy));
    assertTrue(requireNonNull(e.getMessage()).contains(message), e.getMessage());
  }
}
