package dev.palimpsest.graph;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;

/** Damaged files are read or refused, and nothing else. */
class OnnxMutationPropertyTest {
  private static final byte[] WHOLE = small();

  @Property(tries = 500)
  void damagedFilesAreReadOrRefused(@ForAll Random random) throws IOException {
    readOrRefused(random);
  }

  @Tag("slow")
  @Property(tries = 100_000)
  void manyDamagedFilesAreReadOrRefused(@ForAll Random random) throws IOException {
    readOrRefused(random);
  }

  private static void readOrRefused(Random random) throws IOException {
    byte[] damaged = damaged(random);
    try {
      OnnxModel model = Onnx.read(damaged);
      assertTrue(model.graph().outputs().size() > 0);
    } catch (CheckpointException | UnsupportedModelException e) {
      assertTrue(String.valueOf(e.getMessage()).startsWith("the model"), e::toString);
    }
  }

  /** The nodes of an autoencoder's half, which hold most ways in which a graph computes sizes. */
  private static byte[] small() {
    try {
      return Files.readAllBytes(GoldenOnnxTest.file("vae_encoder"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] damaged(Random random) {
    int length = random.nextInt(8) == 0 ? random.nextInt(WHOLE.length) : WHOLE.length;
    byte[] bytes = Arrays.copyOf(WHOLE, length);
    // The weights are at the end; damage to them changes numbers only.
    int nodes = Math.max(1, Math.min(length, WHOLE.length / 4));
    for (int i = random.nextInt(4); i >= 0 && length > 0; i--) {
      int place = random.nextInt(nodes);
      switch (random.nextInt(3)) {
        case 0 -> bytes[place] = (byte) random.nextInt(256);
        case 1 -> bytes[place] ^= (byte) (1 << random.nextInt(8));
        default -> {
          int other = random.nextInt(nodes);
          int count = Math.min(random.nextInt(40), nodes - Math.max(place, other));
          System.arraycopy(bytes.clone(), other, bytes, place, count);
        }
      }
    }
    return bytes;
  }
}
