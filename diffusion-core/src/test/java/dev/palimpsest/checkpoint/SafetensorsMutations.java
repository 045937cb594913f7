package dev.palimpsest.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Reads damaged safetensors files; a program of its own, so that a test can run it with a small
 * heap. Anything but a {@link CheckpointException} ends it.
 */
public final class SafetensorsMutations {
  private static final String[] WORDS = {
    "9223372036854775807",
    "-1",
    "1e300",
    "18446744073709551616",
    "null",
    "{}",
    "[[]]",
    "\"F64\"",
    "\"__metadata__\":{\"a\":\"b\"},",
    "99999999",
    "2147483648",
    "}",
    "{",
    "[",
    ",",
    "\"",
    "\\u0000"
  };

  private SafetensorsMutations() {}

  /** Arguments: folder for the file, seed, count. Prints how many were refused. */
  public static void main(String[] arguments) throws IOException {
    Path path = Path.of(arguments[0]).resolve("mutant.safetensors");
    var random = new SplittableRandom(Long.parseLong(arguments[1]));
    int count = Integer.parseInt(arguments[2]);
    byte[] original = original(path);
    int refused = 0;
    for (int i = 0; i < count; i++) {
      Files.write(path, mutated(original, random));
      if (!reads(path)) {
        refused++;
      }
    }
    System.out.println("refused " + refused + " of " + count);
  }

  private static byte[] original(Path path) throws IOException {
    Map<String, Tensor> tensors = new TreeMap<>();
    tensors.put("conv_in.weight", Tensor.of(Shape.of(2, 2), 1f, 2f, 3f, 4f));
    tensors.put("conv_in.bias", Tensor.of(Shape.of(3), 1f, 2f, 3f).as(DType.FLOAT16));
    tensors.put("position_ids", Tensor.of(Shape.of(1, 2), 0L, 1L));
    tensors.put("mask", Tensor.wrap(DType.BOOL, Shape.of(3), ByteBuffer.allocate(3)));
    Safetensors.write(path, tensors, Map.of("format", "pt"));
    return Files.readAllBytes(path);
  }

  /** Whether the file was read; its tensors are looked at in full. */
  static boolean reads(Path path) {
    try {
      Safetensors file = Safetensors.read(path);
      file.names().forEach(name -> file.tensor(name).floats());
      return true;
    } catch (CheckpointException e) {
      return false;
    }
  }

  /** One to four random damages, most of them in the header. */
  public static byte[] mutated(byte[] original, SplittableRandom random) {
    byte[] bytes = original;
    int damages = 1 + random.nextInt(4);
    for (int i = 0; i < damages && bytes.length > 0; i++) {
      int at = random.nextInt(random.nextInt(4) == 0 ? bytes.length : Math.min(400, bytes.length));
      int to = Math.min(bytes.length, at + random.nextInt(12));
      switch (random.nextInt(7)) {
        case 0 -> bytes = replaced(bytes, at, at + 1, new byte[] {(byte) random.nextInt()});
        case 1 -> bytes = replaced(bytes, at, at + 1, digit(random));
        case 2 -> bytes = replaced(bytes, at, to, new byte[0]);
        case 3 -> bytes = replaced(bytes, at, at, Arrays.copyOfRange(bytes, at, to));
        case 4 -> bytes = Arrays.copyOf(bytes, at);
        case 5 -> bytes = replaced(bytes, at, at, word(random));
        default -> bytes = replaced(bytes, at, to, word(random));
      }
    }
    return bytes;
  }

  private static byte[] digit(SplittableRandom random) {
    return new byte[] {(byte) ('0' + random.nextInt(10))};
  }

  private static byte[] word(SplittableRandom random) {
    return WORDS[random.nextInt(WORDS.length)].getBytes(UTF_8);
  }

  private static byte[] replaced(byte[] bytes, int from, int to, byte[] by) {
    return ByteBuffer.allocate(bytes.length - (to - from) + by.length)
        .put(bytes, 0, from)
        .put(by)
        .put(bytes, to, bytes.length - to)
        .array();
  }
}
