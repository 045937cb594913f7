package dev.palimpsest.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PngFileTest {
  private static final BufferedImage IMAGE = noise(7, 5);

  @TempDir Path folder = Path.of("");

  @Test
  void pixelsRoundTripThroughAnyReader() throws IOException {
    for (BufferedImage image : List.of(IMAGE, gradient(64, 48), noise(1, 1), noise(300, 2))) {
      byte[] png = PngFile.encode(image, PngMetadata.generated());
      BufferedImage other = ImageIO.read(new ByteArrayInputStream(png));
      assertArrayEquals(Rgb.pixels(image), Rgb.pixels(other));
      BufferedImage ours = Pictures.read(new ByteArrayInputStream(png), "png", 100_000);
      assertArrayEquals(Rgb.pixels(image), Rgb.pixels(ours));
    }
  }

  @Test
  void rowsAreFiltered() {
    // Unfiltered, a gradient of 64x48 needs more than 2 KB.
    assertTrue(PngFile.encode(gradient(64, 48), PngMetadata.none()).length < 500);
  }

  @Test
  void theSameArgumentsGiveTheSameBytes() {
    var metadata = PngMetadata.generated().withParameters("a cat\nSteps: 20").withJson("{}");
    assertArrayEquals(PngFile.encode(IMAGE, metadata), PngFile.encode(IMAGE, metadata));
  }

  @Test
  void metadataIsReadBack() throws IOException {
    var metadata =
        PngMetadata.generated()
            .withParameters("a cat, <lora:x:0.5>\nNegative prompt: dög\nSteps: 20, Seed: 7")
            .withJson("{\"prompt\":\"猫 🐈\"}")
            .with("Title", "");
    Path file = folder.resolve("cat.png");
    PngFile.write(file, IMAGE, metadata);
    PngMetadata read = PngFile.metadata(file);
    assertEquals(metadata, read);
    assertEquals(List.copyOf(metadata.text().keySet()), List.copyOf(read.text().keySet()));
    assertEquals(metadata.parameters(), read.parameters());
    assertEquals("{\"prompt\":\"猫 🐈\"}", read.json().orElseThrow());
    assertTrue(read.isGenerated());
  }

  @Test
  void withoutMetadataNothingIsWritten() throws IOException {
    Path file = folder.resolve("plain.png");
    PngFile.write(file, IMAGE, PngMetadata.none());
    assertEquals(PngMetadata.none(), PngFile.metadata(file));
    assertFalse(PngFile.metadata(file).isGenerated());
    assertTrue(PngFile.metadata(file).parameters().isEmpty());
    assertEquals(List.of("IHDR", "IDAT", "IEND"), chunks(Files.readAllBytes(file)));
  }

  @Test
  void latinTextIsPlainAndOtherTextUnicode() {
    var latin = PngMetadata.none().withParameters("café").withJson("{}");
    assertEquals(
        List.of("IHDR", "tEXt", "tEXt", "IDAT", "IEND"), chunks(PngFile.encode(IMAGE, latin)));
    var other = PngMetadata.generated().withParameters("猫");
    assertEquals(
        List.of("IHDR", "iTXt", "iTXt", "IDAT", "IEND"), chunks(PngFile.encode(IMAGE, other)));
  }

  @Property(tries = 200)
  void anyTextRoundTrips(@ForAll("texts") String text) throws IOException {
    checkText(text);
  }

  @Tag("slow")
  @Property(tries = 100_000)
  void anyTextRoundTripsOften(@ForAll("texts") String text) throws IOException {
    checkText(text);
  }

  private static void checkText(String text) throws IOException {
    String kind = PngText.kind("parameters", text);
    var back = PngText.decode(kind, PngText.encode("parameters", text));
    assertEquals("parameters", back.getKey());
    assertEquals(text, back.getValue());
  }

  /** Of every plane: Latin, newlines and control characters, emoji. */
  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.oneOf(
            Arbitraries.integers().between(1, 0xff),
            Arbitraries.integers().between(1, 0xd7ff),
            Arbitraries.integers().between(0xe000, 0x10ffff),
            Arbitraries.of((int) '\n', (int) '\r', 0x1f408, 0xfeff))
        .list()
        .ofMaxSize(40)
        .map(
            points -> {
              var text = new StringBuilder();
              points.forEach(text::appendCodePoint);
              return text.toString();
            });
  }

  @Test
  void zeroBytesAreRefused() {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> PngMetadata.none().withParameters("a\0b"));
    assertEquals("the PNG text 'parameters' holds a zero byte", e.getMessage());
  }

  @Test
  void halfACharacterIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> PngMetadata.none().withParameters("\ud83d"));
  }

  @Test
  void keywordsThatPngCannotHoldAreRefused() {
    for (String keyword : List.of("", " a", "a ", "a  b", "猫", "a\nb", "a\0", "k".repeat(80))) {
      assertThrows(
          IllegalArgumentException.class, () -> PngMetadata.none().with(keyword, ""), keyword);
    }
    assertEquals(1, PngMetadata.none().with("k".repeat(79), "").text().size());
  }

  @Test
  void endlessTextIsRefused() {
    String text = "x".repeat(6 << 20);
    assertThrows(IllegalArgumentException.class, () -> PngMetadata.none().withJson(text));
  }

  @Test
  void compressedTextIsRead() throws IOException {
    byte[] zipped = zip("café".getBytes(StandardCharsets.ISO_8859_1));
    assertEquals("café", metadataWith("zTXt", join("Comment\0\0", zipped)).text().get("Comment"));
    zipped = zip("猫".getBytes(StandardCharsets.UTF_8));
    assertEquals(
        "猫", metadataWith("iTXt", join("Comment\0\1\0en\0Note\0", zipped)).text().get("Comment"));
  }

  @Test
  void aBombOfTextIsRefused() throws IOException {
    byte[] zipped = zip(new byte[PngText.MAX_BYTES + 1]);
    assertRefused("inflates to more than", "zTXt", join("Comment\0\0", zipped));
  }

  @Test
  void damagedTextIsRefused() {
    assertRefused("ends before its text", "tEXt", join("Comment"));
    assertRefused("ends before its text", "iTXt", join("Comment\0\0"));
    assertRefused("ends before its text", "iTXt", join("Comment\0\0\0en\0Note"));
    assertRefused("has compression 1", "zTXt", join("Comment\0\1"));
    assertRefused("incorrect header", "zTXt", join("Comment\0\0not zipped"));
    assertRefused("not valid UTF-8", "iTXt", join("Comment\0\0\0\0\0", (byte) 0xff));
    assertRefused("keyword", "tEXt", join("\0text"));
  }

  @Test
  void aWrongChecksumIsRefused() throws IOException {
    byte[] png = PngFile.encode(IMAGE, PngMetadata.none().withParameters("cat"));
    png[8 + 25 + 8 + 12] ^= 1;
    Path file = Files.write(folder.resolve("broken.png"), png);
    var e = assertThrows(CheckpointException.class, () -> PngFile.metadata(file));
    assertEquals(file + " is no valid PNG: the checksum of a tEXt chunk is wrong", e.getMessage());
  }

  @Test
  void aTruncatedOrForeignFileIsRefused() throws IOException {
    byte[] png = PngFile.encode(IMAGE, PngMetadata.none().withParameters("cat"));
    Path file = folder.resolve("short.png");
    for (int length : new int[] {0, 7, 20, 50, png.length - 6}) {
      Files.write(file, Arrays.copyOf(png, length));
      assertThrows(CheckpointException.class, () -> PngFile.metadata(file), "of " + length);
    }
    Files.writeString(file, "GIF89a, not a PNG");
    assertThrows(CheckpointException.class, () -> PngFile.metadata(file));
    assertThrows(NoSuchFileException.class, () -> PngFile.metadata(folder.resolve("none.png")));
  }

  @Test
  void aChunkThatClaimsGigabytesIsRefused() {
    byte[] chunk = new byte[12];
    ByteBuffer.wrap(chunk).putInt(0x7fffffff).put("tEXt".getBytes(StandardCharsets.US_ASCII));
    var e = assertThrows(CheckpointException.class, () -> metadataWithBytes(chunk));
    assertTrue(String.valueOf(e.getMessage()).contains("more than 16 MiB"));
  }

  @Test
  void writingReplacesTheFileAndLeavesNothingElse() throws IOException {
    Path file = Files.writeString(folder.resolve("out.png"), "old");
    PngFile.write(file, IMAGE, PngMetadata.none());
    assertArrayEquals(PngFile.encode(IMAGE, PngMetadata.none()), Files.readAllBytes(file));
    assertEquals(List.of("out.png"), names());
  }

  @Test
  void anUnwritableTargetIsAnErrorAndLeavesNothing() throws IOException {
    Path target = folder.resolve("folder.png");
    Files.createDirectories(target.resolve("inside"));
    assertNotWritten(target, "is a folder");
    assertNotWritten(folder.resolve("missing/out.png"), "there is no folder");
    Path parent = Files.writeString(folder.resolve("file"), "");
    assertNotWritten(parent.resolve("out.png"), "there is no folder");
    assertNotWritten(folder.resolve("n".repeat(300) + ".png"), "n".repeat(300));
    assertEquals(List.of("file", "folder.png"), names());
  }

  private void assertNotWritten(Path target, String part) {
    var e = assertThrows(IOException.class, () -> PngFile.write(target, IMAGE, PngMetadata.none()));
    assertTrue(String.valueOf(e.getMessage()).contains(part), e.getMessage());
    assertTrue(String.valueOf(e.getMessage()).contains(target.toString()), e.getMessage());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private void assertRefused(String part, String kind, byte[] data) {
    var e = assertThrows(CheckpointException.class, () -> metadataWith(kind, data));
    assertTrue(String.valueOf(e.getMessage()).contains(part), e.getMessage());
  }

  private PngMetadata metadataWith(String kind, byte[] data) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(data.length + 12).putInt(data.length);
    chunk.put(kind.getBytes(StandardCharsets.US_ASCII)).put(data);
    var crc = new CRC32();
    crc.update(chunk.array(), 4, data.length + 4);
    return metadataWithBytes(chunk.putInt((int) crc.getValue()).array());
  }

  /** What is read from a PNG with these bytes after its header. */
  private PngMetadata metadataWithBytes(byte[] chunk) throws IOException {
    byte[] png = PngFile.encode(IMAGE, PngMetadata.none());
    var out = new ByteArrayOutputStream();
    out.write(png, 0, 33);
    out.writeBytes(chunk);
    out.write(png, 33, png.length - 33);
    return PngFile.metadata(Files.write(folder.resolve("made.png"), out.toByteArray()));
  }

  private static byte[] join(String start, byte... rest) {
    var out = new ByteArrayOutputStream();
    out.writeBytes(start.getBytes(StandardCharsets.ISO_8859_1));
    out.writeBytes(rest);
    return out.toByteArray();
  }

  private static byte[] zip(byte[] data) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var zip = new DeflaterOutputStream(out)) {
      zip.write(data);
    }
    return out.toByteArray();
  }

  private static List<String> chunks(byte[] png) {
    ByteBuffer data = ByteBuffer.wrap(png, 8, png.length - 8);
    var kinds = new ArrayList<String>();
    while (data.hasRemaining()) {
      int length = data.getInt();
      byte[] kind = new byte[4];
      data.get(kind);
      kinds.add(new String(kind, StandardCharsets.US_ASCII));
      data.position(data.position() + length + 4);
    }
    return kinds;
  }

  private static BufferedImage noise(int width, int height) {
    return Rgb.picture(
        width, height, new Random(1).ints((long) width * height, 0, 1 << 24).toArray());
  }

  private static BufferedImage gradient(int width, int height) {
    int[] pixels = new int[width * height];
    Arrays.setAll(pixels, i -> (i % width) << 16 | (i / width) << 8 | (i % width + i / width));
    return Rgb.picture(width, height, pixels);
  }
}
