package dev.palimpsest.examples.car.study;

import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.PromptResult;
import dev.palimpsest.esd.report.ReportResult;
import dev.palimpsest.esd.report.StackResult;
import dev.palimpsest.examples.StudyListener;
import dev.palimpsest.image.Pictures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One picture of each concept and of some things that should stay: a row a stack of layers, a
 * column a subject, one prompt and seed a column.
 */
final class StackSheet {
  private static final int UNRELATED = 4;

  private StackSheet() {}

  /** The indices of the prompts shown, by what the column is called. */
  private static Map<String, Integer> columns(ReportResult result) {
    Map<String, Integer> columns = new LinkedHashMap<>();
    List<PromptResult> prompts = result.before().prompts();
    int unrelated = 0;
    for (int i = 0; i < prompts.size(); i++) {
      String subject = prompts.get(i).prompt().subject();
      if (!columns.containsKey(subject)) {
        boolean other = prompts.get(i).prompt().kind() == PromptKind.UNRELATED;
        unrelated += other ? 1 : 0;
        if (unrelated <= UNRELATED) {
          columns.put(subject, i);
        }
      }
    }
    return columns;
  }

  static BufferedImage of(ReportResult result, StudyListener listener) throws IOException {
    Map<String, Integer> columns = columns(result);
    var cells = new ArrayList<BufferedImage>();
    for (StackResult stack : result.stacks()) {
      for (int prompt : columns.values()) {
        cells.add(Pictures.read(stack.prompts().get(prompt).pictures().get(0).file()));
      }
    }
    List<String> rows = result.stacks().stream().map(StackResult::name).toList();
    return new LabelledSheet(KeptStage.NAME, rows, List.copyOf(columns.keySet()))
        .draw(cells, listener);
  }
}
