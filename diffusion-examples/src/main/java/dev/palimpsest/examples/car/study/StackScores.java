package dev.palimpsest.examples.car.study;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.report.ErasureReport;
import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.PromptResult;
import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.esd.report.ReportProgress;
import dev.palimpsest.esd.report.ReportPrompt;
import dev.palimpsest.esd.report.ReportResult;
import dev.palimpsest.esd.report.StackResult;
import dev.palimpsest.examples.StarterModel;
import dev.palimpsest.examples.StudyListener;
import dev.palimpsest.examples.emoji.JudgeScorer;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What stacks of layers still draw: erased concepts, sedans of no make, subjects that have nothing
 * to do with cars; with the same prompts and seeds for all, compared with the base.
 */
final class StackScores {
  private static final int BATCH = 8;

  private StackScores() {}

  /** Tells a study's listener of a report's pictures. */
  private static final class Told implements ReportProgress.Listener {
    private final StudyListener listener;
    private int told = -1;

    Told(StudyListener listener) {
      this.listener = listener;
    }

    @Override
    public void onProgress(ReportProgress progress) {
      if (told < 0) {
        listener.begin("drawing", progress.pictures());
        told = 0;
      }
      for (; told < progress.done(); told++) {
        listener.step();
      }
    }
  }

  /** Draws what is missing and scores all; reports of a study share their pictures. */
  static ReportResult report(
      StudyRun study, Map<String, Checkpoint> stacks, List<ReportPrompt> prompts)
      throws IOException {
    try (CarJudges judges = study.judges()) {
      ErasureReport.Builder report =
          ErasureReport.builder(study.base())
              .scorer(
                  new CarScorer(
                      judges, new JudgeScorer(study.inputs().judge(), study.inputs().emoji())))
              .request(
                  GenerationRequest.unconditional()
                      .steps(study.plan().pictures().steps())
                      .guidanceScale(StarterModel.GUIDANCE_SCALE))
              .batch(BATCH)
              .workers(study.workers())
              .device(Device.cpu(1));
      prompts.forEach(report::prompt);
      stacks.forEach(report::after);
      return report
          .in(study.folder().of(KeptStage.NAME))
          .run(new Told(study.listener()), study.cancellation());
    }
  }

  /** By stack: shares of erased concepts, of cars and of unrelated subjects. */
  static Map<String, Object> json(ReportResult result) {
    Map<String, Object> stacks = new LinkedHashMap<>();
    for (StackResult stack : result.stacks()) {
      stacks.put(stack.name(), json(stack, result.before()));
    }
    return stacks;
  }

  private static Map<String, Object> json(StackResult stack, StackResult before) {
    Map<String, Object> concepts = new LinkedHashMap<>();
    stack
        .subjects(PromptKind.CONCEPT)
        .forEach((subject, share) -> concepts.put(subject, Shares.json(share)));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("concepts", concepts);
    stack.recognised(PromptKind.CONCEPT).ifPresent(all -> json.put("erased", Shares.json(all)));
    json.put("car", Shares.json(Shares.sum(shares(stack, true))));
    json.put("unrelated", Shares.json(Shares.sum(shares(stack, false))));
    json.put("lost", PairedLoss.of(unrelated(before), unrelated(stack)).json());
    return json;
  }

  private static List<Proportion> shares(StackResult stack, boolean car) {
    return stack.subjects(PromptKind.UNRELATED).entrySet().stream()
        .filter(subject -> subject.getKey().equals(Concepts.CAR) == car)
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Whether unrelated subjects are recognised, picture by picture. */
  private static List<Boolean> unrelated(StackResult stack) {
    var recognised = new ArrayList<Boolean>();
    for (PromptResult prompt : stack.prompts()) {
      boolean counts =
          prompt.prompt().kind() == PromptKind.UNRELATED
              && !prompt.prompt().subject().equals(Concepts.CAR);
      if (counts) {
        prompt.pictures().forEach(picture -> recognised.add(picture.score().recognised()));
      }
    }
    return recognised;
  }
}
