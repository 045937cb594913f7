package dev.palimpsest.examples.fashion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class EpochOrderTest {
  /** The numbers are those of compare/train_fashion.py, which must see the same order. */
  @Test
  void everyEpochHasItsOrderAndLeavesOutWhatFillsNoBatch() {
    var order = new EpochOrder(10, 4, 7);
    assertArrayEquals(new int[] {2, 7, 4, 3}, order.batch(0));
    assertArrayEquals(new int[] {5, 1, 8, 9}, order.batch(1));
    assertArrayEquals(new int[] {4, 5, 9, 1}, order.batch(2));
    assertArrayEquals(new int[] {7, 3, 2, 6}, order.batch(3));
    assertArrayEquals(new int[] {5, 1, 8, 9}, new EpochOrder(10, 4, 7).batch(1));
  }

  @Test
  void aBatchOfMoreThanThereAre() {
    assertThrows(IllegalArgumentException.class, () -> new EpochOrder(10, 11, 7));
    assertThrows(IllegalArgumentException.class, () -> new EpochOrder(10, 0, 7));
  }
}
