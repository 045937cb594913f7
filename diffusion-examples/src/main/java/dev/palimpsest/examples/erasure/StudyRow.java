package dev.palimpsest.examples.erasure;

import dev.palimpsest.esd.report.PictureChange;
import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.esd.report.ReportResult;
import dev.palimpsest.esd.report.StackResult;
import java.util.Collection;
import java.util.function.Function;

/**
 * How often subjects were recognised, of one erasure or pooled over some.
 *
 * @param erasedBefore of the erased concept, by the model before
 * @param erasedAfter of the erased concept, by the erased model
 * @param keptBefore of the other concepts, by the model before
 * @param keptAfter of the other concepts, by the erased model
 * @param change mean root mean squared difference of the other concepts' pictures, 0..1
 */
record StudyRow(
    String name,
    Proportion erasedBefore,
    Proportion erasedAfter,
    Proportion keptBefore,
    Proportion keptAfter,
    double change) {

  static StudyRow of(String name, ReportResult result) {
    StackResult before = result.before();
    StackResult after = result.stacks().get(1);
    return new StudyRow(
        name,
        before.recognised(PromptKind.CONCEPT).orElseThrow(),
        after.recognised(PromptKind.CONCEPT).orElseThrow(),
        before.recognised(PromptKind.UNRELATED).orElseThrow(),
        after.recognised(PromptKind.UNRELATED).orElseThrow(),
        after.change().map(PictureChange::mean).orElse(0.0));
  }

  static StudyRow pooled(String name, Collection<StudyRow> rows) {
    return new StudyRow(
        name,
        sum(rows, StudyRow::erasedBefore),
        sum(rows, StudyRow::erasedAfter),
        sum(rows, StudyRow::keptBefore),
        sum(rows, StudyRow::keptAfter),
        rows.stream().mapToDouble(StudyRow::change).average().orElse(0));
  }

  private static Proportion sum(
      Collection<StudyRow> rows, Function<StudyRow, Proportion> proportion) {
    return new Proportion(
        rows.stream().mapToInt(row -> proportion.apply(row).successes()).sum(),
        rows.stream().mapToInt(row -> proportion.apply(row).trials()).sum());
  }

  /** Points of accuracy that the other concepts lost. */
  double lost() {
    return 100 * (keptBefore.value() - keptAfter.value());
  }
}
