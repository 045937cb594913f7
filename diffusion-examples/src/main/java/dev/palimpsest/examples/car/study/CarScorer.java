package dev.palimpsest.examples.car.study;

import dev.palimpsest.esd.report.PictureScorer;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A report's scorer of this study: makes, {@code rally} and {@code car} by the judges of cars, all
 * else by another. Thread-safe; it borrows the judges.
 *
 * @param others such as the judge of the emoji
 */
record CarScorer(CarJudges judges, PictureScorer others) implements PictureScorer {
  private static final Set<String> OWN = own();

  private static Set<String> own() {
    var own = new TreeSet<>(Question.MAKE.answers());
    own.add(Concepts.CAR);
    own.remove(Question.OTHER);
    return own;
  }

  @Override
  public String name() {
    return "the judges of cars, and for emoji " + others.name();
  }

  @Override
  public void check(String subject) {
    if (!OWN.contains(subject)) {
      others.check(subject);
    }
  }

  @Override
  public List<Score> score(List<BufferedImage> pictures, String subject) {
    if (!OWN.contains(subject)) {
      return others.score(pictures, subject);
    }
    var scores = new ArrayList<Score>();
    for (Seen seen : judges.look(pictures)) {
      boolean shown =
          subject.equals(Concepts.CAR) ? seen.isCar() : seen.answer(Question.MAKE).equals(subject);
      scores.add(new Score(shown, shown ? seen.makeProbability() : 1 - seen.makeProbability()));
    }
    return scores;
  }
}
