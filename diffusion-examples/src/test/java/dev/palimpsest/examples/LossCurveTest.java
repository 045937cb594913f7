package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.examples.LossCurve.Point;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossCurveTest {
  @TempDir private Path folder = Path.of(".");

  private Path table(String text) throws IOException {
    return Files.writeString(folder.resolve("table.csv"), text);
  }

  private String refused(String text) throws IOException {
    Path csv = table(text);
    var e = assertThrows(IOException.class, () -> LossCurve.read("a", csv, 2));
    return String.valueOf(e.getMessage()).replace(csv + ": ", "");
  }

  @Test
  void meansOfStretches() throws IOException {
    Path csv = table("step,rate,loss\n1,0,3\n2,0,1\n3,0,4\n4,0,8\n5,0,100\n");
    assertEquals(
        List.of(new Point(2, 2, 1), new Point(4, 6, 2)), LossCurve.read("a", csv, 2).points());
    assertEquals(4, LossCurve.read("a", csv, 2).last(10));
    assertEquals(6, LossCurve.read("a", csv, 2).last(1));
  }

  @Test
  void anotherTable() throws IOException {
    assertEquals("needs the columns step and loss, has [epoch, loss]", refused("epoch,loss\n1,2"));
    assertEquals("needs the columns step and loss, has []", refused(""));
  }

  @Test
  void aRowCutOff() throws IOException {
    assertEquals("line 3 has not the columns of the first", refused("step,loss\n1,2\n2\n"));
  }

  @Test
  void noNumber() throws IOException {
    assertEquals("line 2: 'x' is no number", refused("step,loss\n1,x\n2,3\n"));
  }

  @Test
  void tooFewRows() throws IOException {
    assertEquals("has fewer than 2 steps", refused("step,loss\n1,2\n"));
  }

  @Test
  void distanceIsOneByChanceAndMoreOtherwise() throws IOException {
    LossCurve first = noisy(1, 0);
    double same = first.distance(noisy(2, 0));
    assertTrue(same > 0.8 && same < 1.2, "same: " + same);
    double other = first.distance(noisy(3, 0.3));
    assertTrue(other > 2, "other: " + other);
  }

  /** 100 points of 100 losses each. */
  private LossCurve noisy(long seed, double shift) throws IOException {
    var random = new Random(seed);
    var text = new StringBuilder("step,loss\n");
    for (int i = 1; i <= 10000; i++) {
      text.append(i).append(',').append(1 + shift + random.nextGaussian()).append('\n');
    }
    return LossCurve.read("a", table(text.toString()), 100);
  }
}
