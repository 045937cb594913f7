package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Draws contact sheets of the car at the largest size that the LoRA was taught at. */
final class SheetStage implements Stage {
  static final String NAME = "sheets";

  private static final int SHOWN = 4;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Sheets: view and light, paint and finish, wheels, plates.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    Path folder = study.folder().of(NAME);
    Map<String, Object> result = new LinkedHashMap<>();
    Checkpoint stack = study.stack();
    for (Sheet sheet : Sheet.all(study.plan().pictures().values())) {
      List<BufferedImage> pictures =
          new Gallery(study).draw(stack, asked(study.plan(), sheet.prompts()));
      String file = sheet.name() + ".png";
      BufferedImage drawn =
          new LabelledSheet(sheet.name(), sheet.rows(), sheet.columns())
              .draw(pictures, study.listener());
      PngFile.write(folder.resolve(file), drawn, PngMetadata.generated());
      result.put(sheet.title(), file);
    }
    return result;
  }

  /** What is drawn on the way of the LoRA's training. */
  static List<Asked> validation(StudyPlan plan) {
    List<String> prompts = Sheet.all(SHOWN).get(0).prompts();
    return asked(plan, prompts.subList(0, SHOWN));
  }

  private static List<Asked> asked(StudyPlan plan, List<String> prompts) {
    int side = plan.lora().sides().get(plan.lora().sides().size() - 1);
    return prompts.stream().map(prompt -> new Asked(prompt, 1, side, side)).toList();
  }
}
