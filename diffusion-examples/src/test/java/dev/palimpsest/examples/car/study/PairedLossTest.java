package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class PairedLossTest {
  @Test
  void onlyPairsThatDifferCount() {
    var loss =
        PairedLoss.of(
            List.of(true, true, false, true, false), List.of(true, false, true, false, false));
    assertEquals(new PairedLoss(2, 1, 5), loss);
    assertEquals(20, loss.points(), 1e-9);
  }

  /** Agresti 2002, table 10.1: 794, 150, 86, 570 of 1600 pairs; −0.040 with error 0.0095. */
  @Test
  void marginIsThatOfThePairedDifference() {
    var loss = new PairedLoss(150, 86, 1600);
    assertEquals(4.0, loss.points(), 1e-9);
    assertEquals(1.96 * 0.95, loss.margin(), 0.01);
  }

  @Test
  void numbersMustAgree() {
    assertThrows(
        IllegalArgumentException.class, () -> PairedLoss.of(List.of(true), List.of(true, false)));
  }
}
