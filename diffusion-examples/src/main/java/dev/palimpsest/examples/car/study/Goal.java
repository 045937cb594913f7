package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.esd.report.Proportion;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A goal that was fixed before the first full study, and what was measured.
 *
 * @param measured with its interval
 */
record Goal(String what, String aim, String measured, boolean met) {
  private static final double SHOWN = 0.85;
  private static final double ERASED = 0.05;
  private static final double LOST = 3;
  private static final double KEPT = 0.95;

  static List<Goal> of(StudyRun study) throws IOException {
    Config kept = study.result(KeptStage.NAME);
    Config stack = kept.object(KeptStage.STACK);
    return List.of(words(study.result(WordStage.NAME)), erased(stack), lost(stack), car(kept));
  }

  private static Goal words(Config words) {
    int scored = words.integer("scored");
    double mean = words.number("mean", 0);
    return new Goal(
        "Pictures show their trigger words, mean over the scored words",
        "≥ 85 %",
        scored == 0 ? "no word can be scored" : percent("%.1f %% of %d words", mean, scored),
        scored > 0 && mean >= SHOWN);
  }

  private static Goal erased(Config stack) {
    Proportion share = Shares.of(stack, "erased");
    return new Goal(
        "Erased concepts that are recognised over the whole stack",
        "≤ 5 %",
        share.toString(),
        share.value() <= ERASED);
  }

  private static Goal lost(Config stack) {
    Config lost = stack.object("lost");
    double points = lost.number("points");
    return new Goal(
        "Points that unrelated subjects lose from the base to the stack",
        "≤ 3",
        String.format(Locale.ROOT, "%.1f ± %.1f", points, lost.number("margin")),
        points <= LOST);
  }

  private static Goal car(Config kept) {
    Proportion before = Shares.of(kept.object("before"), "car");
    Proportion after = Shares.of(kept.object("ESD"), "car");
    double ratio = before.value() == 0 ? 0 : after.value() / before.value();
    return new Goal(
        "What the class “car” keeps of its score under the erasure",
        "≥ 95 %",
        percent("%.1f %%", ratio) + ": " + before + " before, " + after + " after",
        ratio >= KEPT);
  }

  private static String percent(String format, double part, Object... more) {
    Object[] values = new Object[more.length + 1];
    values[0] = 100 * part;
    System.arraycopy(more, 0, values, 1, more.length);
    return String.format(Locale.ROOT, format, values);
  }

  Map<String, Object> json() {
    return Map.of("what", what, "aim", aim, "measured", measured, "met", met);
  }
}
