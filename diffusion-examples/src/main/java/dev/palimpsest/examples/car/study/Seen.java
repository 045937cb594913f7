package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;

/**
 * What judges see in a picture. Immutable.
 *
 * @param features float32 [1, features], of the network's last hidden layer, by which pictures are
 *     compared
 * @param makeProbability of the make that is seen, 0..1
 */
record Seen(Map<Question, String> answers, double makeProbability, Tensor features) {
  Seen {
    answers = new EnumMap<>(answers);
  }

  String answer(Question question) {
    return requireNonNull(answers.get(question));
  }

  boolean isCar() {
    String make = answer(Question.MAKE);
    return !make.equals(Question.RALLY) && !make.equals(Question.OTHER);
  }
}
