package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.examples.car.CarScene;
import dev.palimpsest.examples.car.Trait;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TriggerWordsTest {
  private static final TriggerWords WORDS = TriggerWords.of(480);

  /** What a judge sees that is always right but for red, which it takes for orange. */
  private static Seen seen(CarScene scene) {
    Map<Question, String> answers = new EnumMap<>(Question.class);
    Map<String, Trait> traits = scene.traits();
    for (Question question : Question.values()) {
      String words = requireNonNull(traits.get(question.parameter())).words();
      answers.put(question, words.equals("red") ? "orange" : words);
    }
    return new Seen(answers, 1, Tensor.of(Shape.of(1, 1), new float[1]));
  }

  @Test
  void fullStudyScoresMoreThanThirtyWordsWithFortyPicturesEach() {
    var tally = WORDS.tally(WORDS.scenes().stream().map(TriggerWordsTest::seen).toList());
    List<Proportion> all = new ArrayList<>();
    tally.values().forEach(words -> all.addAll(words.values()));
    assertEquals(1 + 10 + 3 + 3 + 12 + 2 + 5 + 4, all.size());
    assertTrue(all.stream().allMatch(share -> share.trials() >= 40), all::toString);
    assertFalse(requireNonNull(tally.get(Question.GROUND)).containsKey("floor"));
  }

  @Test
  void wordsCountIfTheirPicturesShowThem() {
    var tally = WORDS.tally(WORDS.scenes().stream().map(TriggerWordsTest::seen).toList());
    Map<String, Proportion> paints = requireNonNull(tally.get(Question.PAINT));
    assertEquals(0, requireNonNull(paints.get("red")).value());
    assertEquals(1, requireNonNull(paints.get("orange")).value());
    assertEquals(48, requireNonNull(paints.get("red")).trials());
  }

  @Test
  void captionsNameWhatIsScored() {
    List<Asked> asked = WORDS.asked();
    for (int i = 0; i < asked.size(); i++) {
      CarScene scene = WORDS.scenes().get(i);
      assertTrue(asked.get(i).prompt().contains(scene.camera().angle().words()));
      assertTrue(asked.get(i).prompt().contains(scene.body().paint().words()));
    }
    assertEquals(480, asked.stream().map(Asked::file).distinct().count());
  }
}
