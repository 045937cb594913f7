package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.esd.report.Proportion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Measures for each trigger word how many pictures show it. */
final class WordStage implements Stage {
  static final String NAME = "words";

  /** Words count for the mean if judges are right on as many held-out renders. */
  static final double TRUSTED = 0.75;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Words: does a picture show what its caption says?";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    var words = TriggerWords.of(study.plan().pictures().scenes());
    try (CarJudges judges = study.judges()) {
      return json(study, words.score(study, study.stack(), judges));
    }
  }

  /** By parameter and word, and the mean over the words that judges can tell. */
  static Map<String, Object> json(StudyRun study, Map<Question, Map<String, Proportion>> words)
      throws IOException {
    List<Double> values = new ArrayList<>();
    Map<String, Object> byQuestion = new LinkedHashMap<>();
    for (Map.Entry<Question, Map<String, Proportion>> question : words.entrySet()) {
      Map<String, Object> shares = new LinkedHashMap<>();
      question.getValue().forEach((word, share) -> shares.put(word, Shares.json(share)));
      byQuestion.put(question.getKey().parameter(), shares);
      if (isTrusted(study, question.getKey())) {
        question.getValue().values().forEach(share -> values.add(share.value()));
      }
    }
    Map<String, Object> json = new TreeMap<>(Map.of("words", byQuestion, "scored", values.size()));
    values.stream().mapToDouble(value -> value).average().ifPresent(mean -> json.put("mean", mean));
    return json;
  }

  /** Whether judges are right often enough for a parameter's words to count. */
  static boolean isTrusted(StudyRun study, Question question) throws IOException {
    Config accuracy = study.result(JudgeStage.NAME);
    return Shares.of(accuracy, question.parameter()).value() >= TRUSTED;
  }
}
