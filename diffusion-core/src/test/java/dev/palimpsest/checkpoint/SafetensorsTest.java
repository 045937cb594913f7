package dev.palimpsest.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsTest {
  private static final String ONE_FLOAT =
      "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";

  @TempDir Path temp;
  private Path path = Path.of("");

  @BeforeEach
  void setUp() {
    path = temp.resolve("t.safetensors");
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyTypeComesBack(DType dtype) throws Exception {
    ByteBuffer data = Tensor.allocate(dtype, Shape.of(2, 3));
    for (int i = 0; data.hasRemaining(); i++) {
      data.put((byte) (dtype == DType.BOOL ? i % 2 : i));
    }
    Tensor tensor = Tensor.wrap(dtype, Shape.of(2, 3), data.flip());
    Safetensors.write(path, Map.of("x", tensor), Map.of("a", "ä\"\n"));
    Safetensors file = Safetensors.read(path);
    assertEquals(dtype, file.dtype("x"));
    assertEquals(Shape.of(2, 3), file.shape("x"));
    assertEquals(tensor.bytes(), file.tensor("x").bytes());
    assertTrue(file.tensor("x").isDirect());
    assertEquals(Map.of("a", "ä\"\n"), file.metadata());
    assertEquals(path, file.path());
  }

  @Test
  void emptyFileScalarAndZeroSize() throws Exception {
    Safetensors.write(path, Map.of(), Map.of());
    assertTrue(Safetensors.read(path).names().isEmpty());
    Safetensors.write(
        path, Map.of("s", Tensor.scalar(7f), "z", Tensor.zeros(Shape.of(0, 3))), Map.of());
    Safetensors file = Safetensors.read(path);
    assertEquals(List.of("s", "z"), List.copyOf(file.names()));
    assertArrayEquals(new float[] {7}, file.tensor("s").floats());
    assertEquals(0, file.tensor("z").elements());
  }

  @Test
  void dataIsOrderedByAlignmentAndHeaderIsPadded() throws Exception {
    Map<String, Tensor> tensors = new TreeMap<>();
    tensors.put("a", Tensor.wrap(DType.UINT8, Shape.of(3), ByteBuffer.allocate(3)));
    tensors.put("b", Tensor.of(Shape.of(1), 1f));
    tensors.put("c", Tensor.of(Shape.of(1), 1L));
    Safetensors.write(path, tensors, Map.of());
    byte[] bytes = Files.readAllBytes(path);
    long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertEquals(0, length % 8);
    String header = new String(bytes, 8, (int) length, UTF_8).strip();
    assertEquals(
        "{\"c\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
            + "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[12,15]}}",
        header);
  }

  @Test
  void readsUnalignedFloats() throws Exception {
    ByteBuffer data = ByteBuffer.allocate(5).order(ByteOrder.LITTLE_ENDIAN);
    data.put(0, (byte) 9).putFloat(1, 1.5f);
    raw(
        "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
            + "\"f\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[1,5]}}",
        data.array());
    assertArrayEquals(new float[] {1.5f}, Safetensors.read(path).tensor("f").floats());
  }

  @Test
  void windowsBeginAtTensors() throws Exception {
    Map<String, Tensor> tensors = new TreeMap<>();
    for (int i = 0; i < 20; i++) {
      float[] values = new float[i];
      java.util.Arrays.fill(values, i);
      tensors.put("t" + i, Tensor.of(Shape.of(i), values));
    }
    Safetensors.write(path, tensors, Map.of());
    Safetensors file = Safetensors.read(path, 40);
    tensors.forEach((name, t) -> assertArrayEquals(t.floats(), file.tensor(name).floats()));
  }

  @Test
  void readsFilesOverTwoGibibytes() throws Exception {
    long big = (1L << 30) + 8;
    String header =
        String.format(
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[%1$d],\"data_offsets\":[0,%1$d]},"
                + "\"b\":{\"dtype\":\"U8\",\"shape\":[%1$d],\"data_offsets\":[%1$d,%2$d]},"
                + "\"c\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%2$d,%3$d]}}",
            big, 2 * big, 2 * big + 4);
    sparse(header, 2 * big + 4);
    Tensor last = Safetensors.read(path).tensor("c");
    assertArrayEquals(new float[] {0}, last.floats());
  }

  @Test
  void refusesTensorOfTwoGibibytes() throws Exception {
    sparse(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2147483648],\"data_offsets\":[0,2147483648]}}",
        1L << 31);
    assertRefused("tensor a takes 2147483648 bytes");
  }

  @Test
  void refusesMissingFile() {
    assertRefused("no such file");
  }

  @Test
  void refusesFolder() throws Exception {
    Files.createDirectory(path);
    assertRefused("cannot be read");
  }

  @Test
  void refusesFileWithoutHeader() throws Exception {
    Files.write(path, new byte[7]);
    assertRefused("7 bytes are too few");
  }

  @Test
  void refusesOversizedHeader() throws Exception {
    Files.write(path, length(100_000_001));
    assertRefused("header length 100000001 is not within");
    Files.write(path, length(-1));
    assertRefused("header length 18446744073709551615 is not within");
  }

  @Test
  void refusesHeaderLongerThanFile() throws Exception {
    Files.write(path, length(99_999_999));
    assertRefused("header length 99999999 exceeds the file's 8 bytes");
  }

  @Test
  void refusesTruncatedData() throws Exception {
    raw("{\"x\":" + ONE_FLOAT + "}", new byte[3]);
    assertRefused("take 4 bytes but the file holds 3 bytes of data (truncated)");
  }

  @Test
  void refusesLeftOverData() throws Exception {
    raw("{\"x\":" + ONE_FLOAT + "}", new byte[5]);
    assertRefused("left-over bytes");
  }

  @Test
  void refusesOverlap() throws Exception {
    raw("{\"x\":" + ONE_FLOAT + ",\"y\":" + ONE_FLOAT + "}", new byte[4]);
    assertRefused("tensor y begins at 0 where 4 was expected (overlap)");
  }

  @Test
  void refusesGap() throws Exception {
    raw("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", new byte[8]);
    assertRefused("tensor x begins at 4 where 0 was expected (gap)");
  }

  @ParameterizedTest
  @CsvSource({"F8_E4M3", "F8_E5M2", "U16", "U32", "U64", "C64", "F4", "nonsense"})
  void refusesUnknownType(String dtype) throws Exception {
    raw("{\"x\":{\"dtype\":\"" + dtype + "\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]);
    assertRefused("tensor x has dtype " + dtype + ", which is not supported");
  }

  @Test
  void refusesWrongTypeForItsBytes() throws Exception {
    raw("{\"x\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]);
    assertRefused("tensor x is F16[1] but its data_offsets are 0..4");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "not JSON                                                            | malformed header",
        "[1]                                                                 | must be a JSON",
        "{} x                                                                | malformed header",
        "{} {}                                                               | text after",
        "{\"x\":1}                                                           | tensor x must be",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}                           | needs dtype, shape",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}      | two data_offsets",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}    | data_offsets are 4",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}   | numbers >= 0",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}  | shape of tensor x",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999]}}        | malformed header",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],"
            + "\"data_offsets\":[0,4]}}|"
            + " too many elements",
        "{\"x\":{\"dtype\":\"F64\",\"shape\":[4611686018427387904],\"data_offsets\":[0,4]}} |"
            + " data_offsets are",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"strides\":[1]}}           | unknown field",
        "{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}                       | Duplicate",
        "{\"__metadata__\":{\"a\":1}}                                        | __metadata__ a",
        "{\"__metadata__\":[]}                                               | __metadata__ must",
      })
  void refusesMalformedHeader(String header, String message) throws Exception {
    raw(header, new byte[4]);
    assertRefused(message);
  }

  @Test
  void refusesTensorGivenTwice() throws Exception {
    raw("{\"x\":" + ONE_FLOAT + ",\"x\":" + ONE_FLOAT + "}", new byte[8]);
    assertRefused("Duplicate");
  }

  @Test
  void refusesMalformedUtf8() throws Exception {
    byte[] header = "{\"?\":{}}".getBytes(UTF_8);
    header[2] = (byte) 0xff;
    raw(header, new byte[0]);
    assertRefused("malformed header");
  }

  @Test
  void unknownNameIsAnArgumentError() throws Exception {
    Safetensors.write(path, Map.of("x", Tensor.scalar(1f)), Map.of());
    Safetensors file = Safetensors.read(path);
    var e = assertThrows(IllegalArgumentException.class, () -> file.tensor("y"));
    assertTrue(String.valueOf(e.getMessage()).startsWith("no tensor y in "));
  }

  @Test
  void unwritableFolderLeavesNothing() {
    Path nowhere = temp.resolve("missing").resolve("t.safetensors");
    assertThrows(
        CheckpointException.class,
        () -> Safetensors.write(nowhere, Map.of("x", Tensor.scalar(1f)), Map.of()));
    assertFalse(Files.exists(temp.resolve("missing")));
  }

  @Test
  void targetThatCannotBeReplacedLeavesNoTemporaryFile() throws Exception {
    Files.createDirectories(path.resolve("occupied"));
    assertThrows(
        CheckpointException.class,
        () -> Safetensors.write(path, Map.of("x", Tensor.scalar(1f)), Map.of()));
    try (var files = Files.list(temp)) {
      assertEquals(List.of(path), files.toList());
    }
  }

  @Test
  void replacingAMappedFileKeepsTheMapping() throws Exception {
    Safetensors.write(path, Map.of("x", Tensor.scalar(1f)), Map.of());
    Tensor old = Safetensors.read(path).tensor("x");
    Safetensors.write(path, Map.of("x", Tensor.scalar(2f)), Map.of());
    assertArrayEquals(new float[] {1}, old.floats());
    assertArrayEquals(new float[] {2}, Safetensors.read(path).tensor("x").floats());
  }

  private void assertRefused(String message) {
    var e = assertThrows(CheckpointException.class, () -> Safetensors.read(path));
    String text = String.valueOf(e.getMessage());
    assertTrue(text.startsWith(path.toString()) && text.contains(message), text);
  }

  private void raw(String header, byte[] data) throws IOException {
    raw(header.getBytes(UTF_8), data);
  }

  private void raw(byte[] header, byte[] data) throws IOException {
    var out = new java.io.ByteArrayOutputStream();
    out.write(length(header.length));
    out.write(header);
    out.write(data);
    Files.write(path, out.toByteArray());
  }

  private void sparse(String header, long dataBytes) throws IOException {
    raw(header, new byte[0]);
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(file.length() + dataBytes);
    }
  }

  private static byte[] length(long length) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length).array();
  }
}
