package dev.palimpsest.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class NoiseSourceTest {
  private static final Shape SHAPE = Shape.of(1, 4);

  @Test
  void replayGivesTheDrawsInOrder() {
    Tensor first = Tensor.of(SHAPE, 1, 2, 3, 4f);
    Tensor second = Tensor.of(Shape.of(2), 5, 6f);
    NoiseSource source = NoiseSource.replay(List.of(first, second));
    assertSame(first, source.gaussian(SHAPE));
    assertSame(second, source.gaussian(Shape.of(2)));
  }

  @Test
  void oneDrawTooManyIsRefused() {
    NoiseSource source = NoiseSource.replay(List.of());
    var e = assertThrows(IllegalStateException.class, () -> source.gaussian(SHAPE));
    assertTrue(String.valueOf(e.getMessage()).contains("all 0 recorded draws"));
  }

  @Test
  void drawOfAnotherShapeIsRefused() {
    NoiseSource source = NoiseSource.replay(List.of(Tensor.zeros(SHAPE)));
    var e = assertThrows(IllegalStateException.class, () -> source.gaussian(Shape.of(4)));
    assertEquals("the next draw has shape [1, 4], not [4]", e.getMessage());
  }

  @Test
  void oneSourceDrawsTheWholeBatch() {
    Shape batch = Shape.of(2, 4);
    Tensor got = NoiseSource.perImage(List.of(NoiseSource.torch(3))).gaussian(batch);
    assertArrayEquals(NoiseSource.torch(3).gaussian(batch).floats(), got.floats());
  }

  @Test
  void batchOfAnotherSizeIsRefused() {
    NoiseSource two = NoiseSource.perImage(List.of(NoiseSource.torch(1), NoiseSource.torch(2)));
    assertThrows(IllegalArgumentException.class, () -> two.gaussian(Shape.of(3, 4)));
    assertThrows(IllegalArgumentException.class, () -> two.gaussian(Shape.scalar()));
  }

  @Test
  void noSourceIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> NoiseSource.perImage(List.of()));
  }

  @Test
  void anEmptyDrawIsEmpty() {
    assertEquals(0, NoiseSource.torch(1).gaussian(Shape.of(0, 4)).floats().length);
  }
}
