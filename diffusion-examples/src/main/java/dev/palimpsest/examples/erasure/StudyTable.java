package dev.palimpsest.examples.erasure;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.esd.report.Proportion;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The study's rows as a table for people and as JSON. */
final class StudyTable {
  private static final String HEAD =
      """
      | erased | recognised before | after | others before | after | lost, points | change |
      |---|---|---|---|---|---|---|
      """;

  private StudyTable() {}

  static String markdown(List<StudyRow> rows) {
    return rows.stream().map(row -> line(row) + "\n").collect(Collectors.joining("", HEAD, ""));
  }

  static String line(StudyRow row) {
    return String.format(
        Locale.ROOT,
        "| %s | %s | %s | %s | %s | %.1f | %.3f |",
        row.name(),
        row.erasedBefore(),
        row.erasedAfter(),
        row.keptBefore(),
        row.keptAfter(),
        row.lost(),
        row.change());
  }

  static String json(Map<String, Object> settings, List<StudyRow> rows) {
    var json = new LinkedHashMap<String, Object>();
    json.put("settings", settings);
    json.put("rows", rows.stream().map(StudyTable::json).toList());
    return Config.of(json).json();
  }

  private static Map<String, Object> json(StudyRow row) {
    var json = new LinkedHashMap<String, Object>();
    json.put("erased", row.name());
    json.put("erased_before", json(row.erasedBefore()));
    json.put("erased_after", json(row.erasedAfter()));
    json.put("kept_before", json(row.keptBefore()));
    json.put("kept_after", json(row.keptAfter()));
    json.put("change", row.change());
    return json;
  }

  private static Map<String, Object> json(Proportion proportion) {
    var json = new LinkedHashMap<String, Object>();
    json.put("recognised", proportion.successes());
    json.put("pictures", proportion.trials());
    json.put("low", proportion.low());
    json.put("high", proportion.high());
    return json;
  }
}
