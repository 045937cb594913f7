package dev.palimpsest.esd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.palimpsest.Conditioning;
import dev.palimpsest.esd.Lesson.Away;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LessonTest {
  private static final Tensor NOTHING = Tensor.of(Shape.of(1, 2), 1f, 2f);
  private static final Tensor PROMPT = Tensor.of(Shape.of(1, 2), 4f, 8f);
  private static final Tensor CONCEPT = Tensor.of(Shape.of(1, 2), 3f, 1f);

  private static float[] target(Optional<Away> away, Tensor... predictions) {
    var conditions = List.of(Conditioning.none(), Conditioning.none());
    return new Lesson("lesson", conditions, "prompt", away).target(List.of(predictions)).floats();
  }

  @Test
  void leadsAwayFromTheConcept() {
    assertArrayEquals(
        new float[] {-2, -4}, target(Optional.of(Away.fromNothing(1)), NOTHING, PROMPT));
    assertArrayEquals(
        new float[] {-0.5f, -1}, target(Optional.of(Away.fromNothing(0.5)), NOTHING, PROMPT));
    assertArrayEquals(NOTHING.floats(), target(Optional.of(Away.fromNothing(0)), NOTHING, PROMPT));
  }

  @Test
  void leadsTheWiderConceptAwayFromTheConcept() {
    assertArrayEquals(
        new float[] {0, 10}, target(Optional.of(Away.fromWider(2)), NOTHING, PROMPT, CONCEPT));
    assertArrayEquals(
        PROMPT.floats(), target(Optional.of(Away.fromWider(0)), NOTHING, PROMPT, CONCEPT));
  }

  @Test
  void leadsTheConceptToWhatReplacesIt() {
    Optional<Away> away = Optional.of(Away.fromTarget(2));
    assertArrayEquals(new float[] {-3, -11}, target(away, NOTHING, PROMPT, CONCEPT));
    away = Optional.of(Away.fromTarget(0));
    assertArrayEquals(CONCEPT.floats(), target(away, NOTHING, PROMPT, CONCEPT));
  }

  @Test
  void leavesAPromptThatIsToStay() {
    assertArrayEquals(PROMPT.floats(), target(Optional.empty(), NOTHING, PROMPT));
  }
}
