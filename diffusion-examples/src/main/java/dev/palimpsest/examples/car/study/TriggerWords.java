package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.examples.car.CarCaption;
import dev.palimpsest.examples.car.CarScene;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.examples.car.Trait;
import dev.palimpsest.examples.emoji.Emoji64;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Scenes of the car whose captions are drawn, and how often pictures show each word of their
 * captions. One set of pictures serves all words: every value of a parameter comes equally often.
 */
record TriggerWords(List<CarScene> scenes) {
  private static final long SEED = 300;

  /** The forms that name all parameters but the plate. */
  private static final List<CarCaption> FORMS =
      List.of(CarCaption.CAR_FIRST, CarCaption.VIEW_FIRST, CarCaption.LIGHT_FIRST, CarCaption.LIST);

  TriggerWords {
    scenes = List.copyOf(scenes);
  }

  static TriggerWords of(int count) {
    return new TriggerWords(RenderSets.scenes(RenderSets.CAR, count, SEED));
  }

  /** The pictures to draw, each with a seed of its own. */
  List<Asked> asked() {
    var asked = new ArrayList<Asked>();
    for (int i = 0; i < scenes.size(); i++) {
      asked.add(new Asked(form(i).of(scenes.get(i)), 1000 + i, Emoji64.SIZE, Emoji64.SIZE));
    }
    return asked;
  }

  private static CarCaption form(int scene) {
    return FORMS.get(scene % FORMS.size());
  }

  /** The shares by question and word. */
  Map<Question, Map<String, Proportion>> score(StudyRun study, Checkpoint stack, CarJudges judges)
      throws IOException {
    return tally(judges.look(new Gallery(study).draw(stack, asked())));
  }

  /**
   * How often pictures show the words of their captions.
   *
   * @param seen in the order of the scenes
   */
  Map<Question, Map<String, Proportion>> tally(List<Seen> seen) {
    Map<Question, Map<String, Proportion>> words = new EnumMap<>(Question.class);
    for (int i = 0; i < scenes.size(); i++) {
      Map<String, Trait> traits = scenes.get(i).traits();
      List<String> named = form(i).names(scenes.get(i));
      for (Question question : Question.values()) {
        Trait trait = traits.get(question.parameter());
        if (trait != null && named.contains(trait.words())) {
          boolean shown = seen.get(i).answer(question).equals(trait.words());
          words
              .computeIfAbsent(question, any -> new LinkedHashMap<>())
              .merge(trait.words(), new Proportion(shown ? 1 : 0, 1), TriggerWords::sum);
        }
      }
    }
    return words;
  }

  private static Proportion sum(Proportion one, Proportion other) {
    return Shares.sum(List.of(one, other));
  }
}
