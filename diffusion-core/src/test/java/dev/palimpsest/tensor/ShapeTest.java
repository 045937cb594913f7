package dev.palimpsest.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ShapeTest {
  private final Shape shape = Shape.of(2, 3, 4);

  @Test
  void knowsItsDimensions() {
    assertEquals(3, shape.rank());
    assertEquals(24, shape.elements());
    assertEquals(2, shape.dim(0));
    assertEquals(4, shape.dim(-1));
    assertEquals(List.of(2L, 3L, 4L), shape.toList());
    assertEquals("[2, 3, 4]", shape.toString());
  }

  @Test
  void scalarHasOneElement() {
    assertEquals(0, Shape.scalar().rank());
    assertEquals(1, Shape.scalar().elements());
    assertEquals(Shape.of(), Shape.scalar());
  }

  @Test
  void emptyDimensionMeansNoElements() {
    assertEquals(0, Shape.of(3, 0, 5).elements());
  }

  @Test
  void equalByDimensions() {
    assertEquals(Shape.of(2, 3, 4), shape);
    assertEquals(Shape.of(2, 3, 4).hashCode(), shape.hashCode());
    assertNotEquals(Shape.of(2, 4, 3), shape);
  }

  @Test
  void withDimLeavesTheOriginal() {
    assertEquals(Shape.of(2, 3, 9), shape.withDim(-1, 9));
    assertEquals(Shape.of(7, 3, 4), shape.withDim(0, 7));
    assertEquals(Shape.of(2, 3, 4), shape);
  }

  @Test
  void isImmutable() {
    long[] dims = {1, 2};
    Shape made = Shape.of(dims);
    dims[0] = 9;
    made.toArray()[1] = 9;
    assertArrayEquals(new long[] {1, 2}, made.toArray());
  }

  @Test
  void negativeDimensionIsRefused() {
    var e = assertThrows(IllegalArgumentException.class, () -> Shape.of(2, -1));
    assertTrue(String.valueOf(e.getMessage()).contains("-1 in [2, -1]"));
    assertThrows(IllegalArgumentException.class, () -> shape.withDim(0, -5));
  }

  @Test
  void overflowingCountIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Shape.of(1L << 32, 1L << 31));
    assertThrows(IllegalArgumentException.class, () -> Shape.of(1L << 40, 1L << 40));
    assertThrows(IllegalArgumentException.class, () -> Shape.of(Long.MAX_VALUE, 3));
  }

  @Test
  void axisOutsideIsRefused() {
    assertThrows(IndexOutOfBoundsException.class, () -> shape.dim(3));
    assertThrows(IndexOutOfBoundsException.class, () -> shape.dim(-4));
  }
}
