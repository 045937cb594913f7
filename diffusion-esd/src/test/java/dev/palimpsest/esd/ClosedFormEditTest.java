package dev.palimpsest.esd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.SeededStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ClosedFormEditTest {
  private static final Tensor MATRIX = random(1, 3, 4);

  private static Tensor random(long seed, int rows, int width) {
    return SeededStream.of(seed, "embeddings").gaussian(Shape.of(rows, width));
  }

  /** At the minimum (W' − W) λ + Σ s (W' c − W t) cᵀ is zero. */
  @Property(tries = 100)
  void theGradientOfTheObjectiveVanishes(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 12) int count,
      @ForAll @IntRange(min = 1, max = 8) int width,
      @ForAll @DoubleRange(min = 0.1, max = 5) double lambda,
      @ForAll @DoubleRange(min = 0.1, max = 5) double weight) {
    Tensor c = random(seed, count, width);
    Tensor t = random(seed + 1, count, width);
    Tensor w = random(seed + 2, 2, width);
    float[] edited = ClosedFormEdit.of(lambda).map(c, t, weight).apply(w).floats();
    for (int out = 0; out < 2; out++) {
      double[] gradient = new double[width];
      for (int j = 0; j < width; j++) {
        gradient[j] = lambda * (edited[out * width + j] - w.floats()[out * width + j]);
      }
      for (int i = 0; i < count; i++) {
        double error = dot(edited, out, c, i, width) - dot(w.floats(), out, t, i, width);
        for (int j = 0; j < width; j++) {
          gradient[j] += weight * error * c.floats()[i * width + j];
        }
      }
      for (double value : gradient) {
        assertEquals(0, value, 1e-3, "of " + count + " embeddings of width " + width);
      }
    }
  }

  private static double dot(float[] matrix, int row, Tensor embeddings, int i, int width) {
    double sum = 0;
    for (int j = 0; j < width; j++) {
      sum += matrix[row * width + j] * (double) embeddings.floats()[i * width + j];
    }
    return sum;
  }

  @Test
  void withoutLambdaConceptsAreMappedExactly() {
    Tensor c = random(2, 2, 4);
    Tensor t = random(3, 2, 4);
    float[] edited = ClosedFormEdit.of(0).map(c, t, 1).apply(MATRIX).floats();
    for (int out = 0; out < 3; out++) {
      for (int i = 0; i < 2; i++) {
        assertEquals(dot(MATRIX.floats(), out, t, i, 4), dot(edited, out, c, i, 4), 1e-5);
      }
    }
  }

  @Test
  void whatIsKeptAloneChangesNothing() {
    ClosedFormEdit edit = ClosedFormEdit.of(0.5).keep(random(2, 6, 4), 3);
    assertArrayEquals(MATRIX.floats(), edit.apply(MATRIX).floats());
    assertArrayEquals(MATRIX.floats(), ClosedFormEdit.of(0).apply(MATRIX).floats());
  }

  @Test
  void dependentEmbeddingsNeedLambda() {
    Tensor c = random(2, 1, 4);
    ClosedFormEdit edit = ClosedFormEdit.of(0).map(c, random(3, 1, 4), 1).keep(c, 1);
    var few = assertThrows(IllegalStateException.class, () -> edit.apply(MATRIX));
    assertTrue(String.valueOf(few.getMessage()).contains("singular"), few::toString);
    Tensor many = Tensor.concat(java.util.Collections.nCopies(6, c));
    ClosedFormEdit wide = ClosedFormEdit.of(0).keep(many, 1);
    assertThrows(IllegalStateException.class, () -> wide.apply(MATRIX));
  }

  @Test
  void numbersThatMakeNoSenseAreRefused() {
    Tensor c = random(2, 1, 4);
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> ClosedFormEdit.of(bad));
      assertThrows(IllegalArgumentException.class, () -> ClosedFormEdit.of(1).keep(c, bad));
    }
    assertThrows(IllegalArgumentException.class, () -> ClosedFormEdit.of(1).keep(c, 0));
    Tensor nan = Tensor.of(Shape.of(1, 4), 1f, Float.NaN, 0, 0);
    assertThrows(IllegalArgumentException.class, () -> ClosedFormEdit.of(1).keep(nan, 1));
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    ClosedFormEdit edit = ClosedFormEdit.of(1).keep(random(2, 1, 4), 1);
    Tensor other = random(2, 1, 5);
    assertThrows(IllegalArgumentException.class, () -> edit.keep(other, 1));
    assertThrows(IllegalArgumentException.class, () -> edit.map(random(2, 2, 4), other, 1));
    assertThrows(IllegalArgumentException.class, () -> edit.apply(other));
  }
}
