package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.report.ReportResult;
import dev.palimpsest.lora.Lora;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The order turned round, and no erasing at all: the LoRA on the base, and an erasure of the base
 * with that LoRA, with a part of the pictures.
 */
final class AblationStage implements Stage {
  static final String NAME = "ablations";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Ablations: no erasing, and erasing after the LoRA.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    Path folder = study.folder().of(NAME);
    Lora lora = new CarTraining(study, study.base(), folder).train();
    Checkpoint taught = study.base().with(lora.at(1));
    Erasure after = EraseStage.esd(study, taught, folder.resolve("erase"));
    after.save(folder.resolve(EraseStage.ESD));
    Map<String, Checkpoint> stacks = new LinkedHashMap<>();
    stacks.put(KeptStage.STACK, study.stack());
    stacks.put("LoRA only", taught);
    stacks.put("LoRA, then ESD", taught.with(after));
    return scores(study, stacks);
  }

  private static Map<String, Object> scores(StudyRun study, Map<String, Checkpoint> stacks)
      throws IOException {
    int share = study.plan().pictures().share();
    var concepts = new Concepts(study.inputs().emoji(), study.plan());
    ReportResult report = StackScores.report(study, stacks, concepts.prompts(share));
    var words = TriggerWords.of(Math.max(1, study.plan().pictures().scenes() / share));
    Map<String, Object> shown = new LinkedHashMap<>();
    try (CarJudges judges = study.judges()) {
      for (Map.Entry<String, Checkpoint> stack : stacks.entrySet()) {
        shown.put(
            stack.getKey(), WordStage.json(study, words.score(study, stack.getValue(), judges)));
      }
    }
    return Map.of("kept", StackScores.json(report), "words", shown);
  }
}
