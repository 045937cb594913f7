package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class LargeStageTest {
  @Test
  void widthsGoUpByAboutTwoEach() {
    assertEquals(List.of(80, 160, 320, 640, 1280, 2560), LargeStage.widths(2560));
    assertEquals(List.of(80, 160, 240), LargeStage.widths(240));
    assertEquals(List.of(80), LargeStage.widths(80));
    assertEquals(List.of(80, 160, 320, 480), LargeStage.widths(480));
  }

  @Test
  void strengthHalvesDownToOneStep() {
    assertEquals(0.2, LargeStage.strength(1, 20));
    assertEquals(0.1, LargeStage.strength(2, 20));
    assertEquals(0.05, LargeStage.strength(5, 20));
    assertEquals(0.5, LargeStage.strength(1, 2));
  }
}
