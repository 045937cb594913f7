package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class LargeStageTest {
  @Test
  void heightsAreTwoThirdsInEights() {
    assertEquals(96, LargeStage.height(144));
    assertEquals(1704, LargeStage.height(2560));
  }

  @Test
  void widthsGoUpByAboutTwoEach() {
    assertEquals(List.of(144, 288, 576, 1152, 2560), LargeStage.widths(2560));
    assertEquals(List.of(144, 240), LargeStage.widths(240));
    assertEquals(List.of(144), LargeStage.widths(144));
    assertEquals(List.of(144, 288, 480), LargeStage.widths(480));
  }
}
