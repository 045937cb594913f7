package dev.palimpsest.esd.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProportionTest {
  /** Newcombe 1998, table I: 81 of 263 and 15 of 148. */
  @Test
  void wilsonIntervals() {
    var first = new Proportion(81, 263);
    assertEquals(0.2553, first.low(), 5e-5);
    assertEquals(0.3662, first.high(), 5e-5);
    var second = new Proportion(15, 148);
    assertEquals(0.0624, second.low(), 5e-5);
    assertEquals(0.1605, second.high(), 5e-5);
  }

  @Test
  void countsAndPrints() {
    Proportion even = Proportion.of(List.of(1, 2, 3, 4), number -> number % 2 == 0);
    assertEquals(new Proportion(2, 4), even);
    assertEquals("50.0 % [15.0, 85.0]", even.toString());
  }

  @Test
  void nothingTried() {
    assertThrows(IllegalArgumentException.class, () -> new Proportion(0, 0));
  }

  @Test
  void moreThanTried() {
    assertThrows(IllegalArgumentException.class, () -> new Proportion(3, 2));
  }
}
