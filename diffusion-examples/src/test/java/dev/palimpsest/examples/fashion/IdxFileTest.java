package dev.palimpsest.examples.fashion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxFileTest {
  private static final byte[] DATA = {0, 1, 127, (byte) 128, (byte) 255, 7};
  private static final byte[] GOOD = SmallSet.idx(0x0803, DATA, 1, 2, 3);

  @TempDir private Path folder = Path.of(".");

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("a.idx"), bytes);
  }

  private String refused(byte[] bytes) throws IOException {
    Path file = file(bytes);
    var e = assertThrows(IdxException.class, () -> IdxFile.read(file, 3));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith(file + ": "), message);
    return message.substring(file.toString().length() + 2);
  }

  @Test
  void plainAndCompressed() throws IOException {
    for (byte[] bytes : new byte[][] {GOOD, SmallSet.gzip(GOOD)}) {
      Tensor tensor = IdxFile.read(file(bytes), 3);
      assertEquals(DType.UINT8, tensor.dtype());
      assertEquals(Shape.of(1, 2, 3), tensor.shape());
      byte[] read = new byte[6];
      tensor.bytes().get(read);
      assertArrayEquals(DATA, read);
    }
  }

  @Test
  void missing() {
    assertThrows(NoSuchFileException.class, () -> IdxFile.read(folder.resolve("none"), 3));
  }

  @Test
  void empty() throws IOException {
    assertEquals("ends within its header, or its compressed data", refused(new byte[0]));
  }

  @Test
  void headerCutOff() throws IOException {
    assertEquals(
        "ends within its header, or its compressed data", refused(Arrays.copyOf(GOOD, 15)));
  }

  @Test
  void anotherFormat() throws IOException {
    byte[] png = GOOD.clone();
    png[0] = (byte) 0x89;
    assertEquals("is no IDX file: starts with 0x89000803, not with 0x0000", refused(png));
  }

  @Test
  void anotherElementType() throws IOException {
    assertEquals(
        "elements of type 0x0d are float32; uint8 is read",
        refused(SmallSet.idx(0x0d03, DATA, 1, 2, 3)));
  }

  @Test
  void noElementType() throws IOException {
    assertEquals(
        "elements of type 0x77 are of no type that IDX has; uint8 is read",
        refused(SmallSet.idx(0x7703, DATA, 1, 2, 3)));
  }

  @Test
  void anotherRank() throws IOException {
    assertEquals("has 1 dimensions, expected 3", refused(SmallSet.idx(0x0801, DATA, 6)));
  }

  @Test
  void emptyDimension() throws IOException {
    assertEquals("dimension 1 is 0", refused(SmallSet.idx(0x0803, DATA, 1, 0, 3)));
  }

  @Test
  void dimensionsBeyondTheLimit() throws IOException {
    assertEquals(
        "dimensions [4294967295] exceed the limit of 268435456 elements",
        refused(SmallSet.idx(0x0803, DATA, -1, 2, 3)));
    assertEquals(
        "dimensions [65536, 65536] exceed the limit of 268435456 elements",
        refused(SmallSet.idx(0x0803, DATA, 65536, 65536, 65536)));
  }

  @Test
  void moreElementsThanTheFileHas() throws IOException {
    assertEquals(
        "[1, 3, 3] needs 25 bytes, the file has 22", refused(SmallSet.idx(0x0803, DATA, 1, 3, 3)));
  }

  @Test
  void fewerElementsThanTheFileHas() throws IOException {
    assertEquals(
        "[1, 1, 3] needs 19 bytes, the file has 22", refused(SmallSet.idx(0x0803, DATA, 1, 1, 3)));
  }

  @Test
  void moreElementsThanAreCompressed() throws IOException {
    assertEquals(
        "[1, 3, 3] needs more than the 6 that follow",
        refused(SmallSet.gzip(SmallSet.idx(0x0803, DATA, 1, 3, 3))));
  }

  @Test
  void moreElementsThanCompressionAllows() throws IOException {
    byte[] bytes = SmallSet.gzip(SmallSet.idx(0x0803, DATA, 1, 16000, 16000));
    assertEquals(
        "[1, 16000, 16000] needs more bytes than " + bytes.length + " compressed ones can hold",
        refused(bytes));
  }

  @Test
  void fewerElementsThanAreCompressed() throws IOException {
    assertEquals(
        "goes on after the elements of [1, 1, 3]",
        refused(SmallSet.gzip(SmallSet.idx(0x0803, DATA, 1, 1, 3))));
  }

  @Test
  void compressedDataCutOff() throws IOException {
    byte[] bytes = SmallSet.gzip(GOOD);
    assertEquals(
        "ends within its header, or its compressed data",
        refused(Arrays.copyOf(bytes, bytes.length - 10)));
  }

  @Test
  void compressedDataDamaged() throws IOException {
    byte[] bytes = SmallSet.gzip(GOOD);
    bytes[bytes.length - 8] ^= 1; // of the checksum
    String message = refused(bytes);
    assertTrue(message.startsWith("its compressed data are damaged: "), message);
  }

  @Property(tries = 300)
  void anyBytesAreReadOrRefused(@ForAll byte[] rest, @ForAll boolean compressed)
      throws IOException {
    byte[] bytes = Arrays.copyOf(GOOD, 4 + rest.length);
    System.arraycopy(rest, 0, bytes, 4, rest.length);
    Path file = Files.createTempFile("hostile", ".idx");
    try {
      Files.write(file, compressed ? SmallSet.gzip(bytes) : bytes);
      assertThrows(IdxException.class, () -> IdxFile.read(file, 3));
    } finally {
      Files.delete(file);
    }
  }
}
