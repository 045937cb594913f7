package dev.palimpsest.examples.fashion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FashionMnistTest {
  @TempDir private Path folder = Path.of(".");

  @Test
  void readsTheFourFiles() throws IOException {
    FashionMnist data = FashionMnist.read(SmallSet.write(folder, 8, 40, 20));
    assertEquals(40, data.train().count());
    assertEquals(20, data.test().count());
    assertEquals(13 % 10, data.train().label(13));
    float[] third = data.test().floats(3).floats();
    assertEquals(64, third.length);
    assertEquals(-1, third[0]);
    assertTrue(third[3 * 8] > 0.5, "the bar of class 3");
    assertEquals(Shape.of(2, 1, 8, 8), data.test().floats(3, 0).shape());
    assertArrayEquals(new long[] {3, 0}, data.test().labels(3, 10).longs());
  }

  @Test
  void byteLevelsAreExact() {
    FashionMnist data = uncheckedRead(SmallSet.write(folder, 8, 10, 10));
    var bytes = data.test().pictures().bytes();
    float[] floats = data.test().floats(0, 1, 2).floats();
    for (int i = 0; i < floats.length; i++) {
      assertEquals(bytes.get(i) & 0xff, Math.round((floats[i] + 1) * 127.5f));
    }
  }

  private static FashionMnist uncheckedRead(Path path) {
    try {
      return FashionMnist.read(path);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void balancedChoice() {
    LabelledPictures test = uncheckedRead(SmallSet.write(folder, 8, 10, 40)).test();
    assertArrayEquals(
        new int[] {0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16, 7, 17, 8, 18, 9, 19},
        test.balanced(10, 2));
    var e = assertThrows(IllegalArgumentException.class, () -> test.balanced(10, 5));
    assertEquals("5 pictures of class 0 are needed, there are 4", e.getMessage());
  }

  @Test
  void missingFilesTellWhereToGetThem() throws IOException {
    SmallSet.write(folder, 8, 10, 10);
    Files.delete(folder.resolve("t10k-labels-idx1-ubyte.gz"));
    var e = assertThrows(NoSuchFileException.class, () -> FashionMnist.read(folder));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith(folder.resolve("t10k-labels-idx1-ubyte").toString()), message);
    assertTrue(message.contains("dataset-fashion-mnist"), message);
  }

  private String refused() {
    var e = assertThrows(IdxException.class, () -> FashionMnist.read(folder));
    return String.valueOf(e.getMessage());
  }

  @Test
  void labelsThatAreTooFew() throws IOException {
    SmallSet.write(folder, 8, 10, 10);
    Path labels = folder.resolve("train-labels-idx1-ubyte");
    SmallSet.write(labels, SmallSet.idx(0x0801, new byte[9], 9));
    assertEquals(labels + ": 9 labels for 10 pictures", refused());
  }

  @Test
  void labelsOfNoClass() throws IOException {
    SmallSet.write(folder, 8, 2, 10);
    Path labels = folder.resolve("train-labels-idx1-ubyte");
    SmallSet.write(labels, SmallSet.idx(0x0801, new byte[] {9, 10}, 2));
    assertEquals(labels + ": label 1 is 10, not in 0..9", refused());
  }

  @Test
  void picturesOfTwoSizes() throws IOException {
    SmallSet.write(folder, 8, 10, 10);
    SmallSet.write(
        folder.resolve("train-images-idx3-ubyte"),
        SmallSet.idx(0x0803, new byte[10 * 8 * 9], 10, 8, 9));
    assertEquals(folder + ": pictures to train on are 9×8, to test with 8×8", refused());
  }
}
