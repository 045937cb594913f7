package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.report.ReportResult;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Measures what is gone and what is kept over the base, both erasures and the whole stack. */
final class KeptStage implements Stage {
  static final String NAME = "kept";
  static final String SHEET = "sheet.png";
  static final String STACK = "ESD, then LoRA";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Kept: what is gone, and what has stayed, over the base, the erasures and the stack.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    Map<String, Checkpoint> stacks = new LinkedHashMap<>();
    stacks.put("ESD", study.erased());
    stacks.put("UCE", study.base().with(study.erasure(EraseStage.NAME, EraseStage.UCE)));
    stacks.put(STACK, study.stack());
    var concepts = new Concepts(study.inputs().emoji(), study.plan());
    ReportResult result = StackScores.report(study, stacks, concepts.prompts(1));
    result.write(study.folder().of(NAME));
    PngFile.write(
        study.folder().of(NAME).resolve(SHEET),
        StackSheet.of(result, study.listener()),
        PngMetadata.generated());
    return StackScores.json(result);
  }
}
