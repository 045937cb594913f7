package dev.palimpsest.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

class SafetensorsPropertyTest {
  private static Path temp = Path.of("");

  @BeforeContainer
  static void makeFolder() throws IOException {
    temp = Files.createTempDirectory("safetensors");
  }

  @AfterContainer
  static void removeFolder() throws IOException {
    try (var files = Files.list(temp)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(temp);
  }

  @Property(tries = 200)
  void whatWasWrittenIsRead(
      @ForAll("tensors") Map<String, Tensor> tensors, @ForAll("texts") Map<String, String> metadata)
      throws IOException {
    roundTrip(tensors, metadata);
    Path path = temp.resolve("t.safetensors");
    byte[] first = Files.readAllBytes(path);
    write(path, tensors, metadata);
    assertArrayEquals(first, Files.readAllBytes(path));
  }

  @Tag("slow")
  @Property(tries = 100_000)
  void whatWasWrittenIsReadManyTimes(
      @ForAll("tensors") Map<String, Tensor> tensors, @ForAll("texts") Map<String, String> metadata)
      throws IOException {
    roundTrip(tensors, metadata);
  }

  @Property(tries = 1)
  void mutantsAreReadOrRefusedInASmallHeap() throws Exception {
    mutants(2_000);
  }

  @Tag("slow")
  @Property(tries = 1)
  void manyMutantsAreReadOrRefusedInASmallHeap() throws Exception {
    mutants(100_000);
  }

  private static void roundTrip(Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    Path path = temp.resolve("t.safetensors");
    write(path, tensors, metadata);
    Safetensors file = Safetensors.read(path, 64);
    assertEquals(tensors.keySet(), file.names());
    assertEquals(metadata, file.metadata());
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      Tensor tensor = file.tensor(entry.getKey());
      assertEquals(entry.getValue().dtype(), tensor.dtype());
      assertEquals(entry.getValue().shape(), tensor.shape());
      assertEquals(entry.getValue().bytes(), tensor.bytes());
    }
  }

  /** Without forcing the bytes to the device, which would be most of the time. */
  private static void write(Path path, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    try (var channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      Safetensors.write(channel::write, tensors, metadata);
    }
  }

  private static void mutants(int count) throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx64m",
            "-cp",
            System.getProperty("java.class.path"),
            SafetensorsMutations.class.getName(),
            temp.toString(),
            "7",
            Integer.toString(count));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), output);
    int refused = Integer.parseInt(output.strip().split(" ")[1]);
    assertTrue(output.strip().endsWith("of " + count), output);
    // Some damages hit data or padding only, so both outcomes must occur.
    assertTrue(refused > count / 2 && refused < count, output);
  }

  @Provide
  Arbitrary<Map<String, Tensor>> tensors() {
    Arbitrary<String> names =
        Arbitraries.strings().ofMaxLength(12).filter(name -> !name.equals("__metadata__"));
    return Arbitraries.maps(names.filter(SafetensorsPropertyTest::isText), tensor()).ofMaxSize(6);
  }

  @Provide
  Arbitrary<Map<String, String>> texts() {
    Arbitrary<String> text =
        Arbitraries.strings().ofMaxLength(12).filter(SafetensorsPropertyTest::isText);
    return Arbitraries.maps(text, text).ofMaxSize(3);
  }

  /** Lone surrogates are no text in UTF-8. */
  private static boolean isText(String text) {
    return text.chars().noneMatch(c -> Character.isSurrogate((char) c));
  }

  private static Arbitrary<Tensor> tensor() {
    Arbitrary<List<Long>> dims = Arbitraries.longs().between(0, 4).list().ofMaxSize(4);
    return Combinators.combine(Arbitraries.of(DType.class), dims, Arbitraries.bytes())
        .as(
            (dtype, list, fill) -> {
              Shape shape = Shape.of(list.stream().mapToLong(Long::longValue).toArray());
              ByteBuffer data = Tensor.allocate(dtype, shape);
              for (int i = 0; data.hasRemaining(); i++) {
                data.put((byte) (fill + i));
              }
              return Tensor.wrap(dtype, shape, data.flip());
            });
  }
}
