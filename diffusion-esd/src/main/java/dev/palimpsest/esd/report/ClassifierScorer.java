package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.OnnxClassifier;
import dev.palimpsest.runtime.Cancellation;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A scorer by any ONNX classifier: a picture shows its subject if that has the largest of all
 * scores. Thread-safe; it borrows the classifier.
 */
public final class ClassifierScorer implements PictureScorer {
  private final OnnxClassifier classifier;
  private final Map<String, Integer> classes;

  private ClassifierScorer(OnnxClassifier classifier, Map<String, Integer> classes) {
    this.classifier = classifier;
    this.classes = classes;
  }

  /**
   * @param classifier whose scores are probabilities: use {@code softmax()} if it gives logits
   * @param classes the index of the score of each subject
   */
  public static ClassifierScorer of(OnnxClassifier classifier, Map<String, Integer> classes) {
    checkArgument(!classes.isEmpty(), "a scorer needs the classes of its subjects");
    classes.forEach(
        (subject, index) ->
            checkArgument(index >= 0, "the class of %s must be >= 0, was %s", subject, index));
    return new ClassifierScorer(classifier, new TreeMap<>(classes));
  }

  @Override
  public String name() {
    return classifier.name();
  }

  @Override
  public void check(String subject) {
    checkArgument(
        classes.containsKey(subject),
        "no class is given for the subject '%s'; there are %s",
        subject,
        classes.keySet());
  }

  @Override
  public List<Score> score(List<BufferedImage> pictures, String subject) {
    check(subject);
    int index = requireNonNull(classes.get(subject));
    var scores = new ArrayList<Score>();
    for (BufferedImage picture : pictures) {
      scores.add(score(classifier.scores(picture, new Cancellation()), index));
    }
    return scores;
  }

  private Score score(double[] all, int index) {
    checkArgument(
        index < all.length, "%s gives %s scores, none of class %s", name(), all.length, index);
    boolean largest = true;
    for (double other : all) {
      largest &= other <= all[index];
    }
    return new Score(largest, all[index]);
  }
}
