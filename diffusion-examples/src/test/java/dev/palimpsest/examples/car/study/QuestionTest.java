package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.examples.car.Angle;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QuestionTest {
  @Test
  void mirroredPictureShowsTheOtherSideAndAllElseAsBefore() {
    assertEquals(
        Map.of("angle", "right side view", "light", "studio"),
        Question.mirrored(Map.of("angle", "left side view", "light", "studio")));
    assertEquals(Map.of("make", "rally"), Question.mirrored(Map.of("make", "rally")));
  }

  @Test
  void frontAndRearAreTheirOwnMirrorAndSidesExchange() {
    for (Angle angle : Angle.values()) {
      assertEquals(angle.words().contains("left"), angle.mirrored().words().contains("right"));
      assertEquals(angle, angle.mirrored().mirrored());
    }
    assertEquals(Angle.REAR, Angle.REAR.mirrored());
  }
}
