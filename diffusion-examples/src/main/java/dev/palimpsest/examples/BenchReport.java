package dev.palimpsest.examples;

import com.google.common.math.Quantiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code bench} measured. The JSON form has these fields; times are in seconds, memory in
 * bytes:
 *
 * <ul>
 *   <li>{@code palimpsest}, {@code onnxruntime}, {@code java}: versions; {@code device}, {@code
 *       model}, {@code model_class}, {@code scheduler}
 *   <li>{@code width}, {@code height}, {@code steps}, {@code guided}, {@code prompt}
 *   <li>{@code jvm_start_s}: from the start of the process to that of the command
 *   <li>{@code load_s}: from the folder to an open pipeline
 *   <li>{@code load_to_first_step_s}: from the folder to the end of the first step
 *   <li>{@code text_s}: encoding the prompt, in the first run
 *   <li>{@code first_step_s}, {@code step_s}: the very first step; the median of all others, or the
 *       first where there are no others
 *   <li>{@code decode_first_s}, {@code decode_s}: the first decoding, which opens the decoder; the
 *       last one
 *   <li>{@code run_first_s}, {@code run_s}: the first and the last whole generation, text to pixels
 *   <li>{@code runs}: a list, each with {@code text_s}, {@code steps_s} (a list), {@code decode_s},
 *       {@code run_s}
 *   <li>{@code peak_rss_bytes}, {@code peak_anon_bytes}, {@code peak_file_bytes}: the highest
 *       resident memory in all, of anonymous and of file-backed pages (each its own peak); 0 where
 *       the system does not tell
 *   <li>{@code planned_bytes}: the peak that the memory plan expects; 0 where there is no plan
 * </ul>
 */
final class BenchReport {
  /** One generation. */
  record Run(double text, List<Double> steps, double decode, double whole) {
    Run {
      steps = List.copyOf(steps);
    }

    Map<String, Object> fields() {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("text_s", text);
      fields.put("steps_s", steps);
      fields.put("decode_s", decode);
      fields.put("run_s", whole);
      return fields;
    }
  }

  private final Map<String, Object> fields = new LinkedHashMap<>();

  void put(String field, Object value) {
    fields.put(field, value);
  }

  void put(List<Run> runs) {
    Run first = runs.get(0);
    Run last = runs.get(runs.size() - 1);
    var later = new ArrayList<Double>();
    runs.forEach(run -> later.addAll(run.steps()));
    double firstStep = later.remove(0);
    put("text_s", first.text());
    put("first_step_s", firstStep);
    put("step_s", later.isEmpty() ? firstStep : Quantiles.median().compute(later));
    put("decode_first_s", first.decode());
    put("decode_s", last.decode());
    put("run_first_s", first.whole());
    put("run_s", last.whole());
    put("runs", runs.stream().map(Run::fields).toList());
  }

  Map<String, Object> fields() {
    return fields;
  }

  /** A line a field, for people. */
  String table() {
    var table = new StringBuilder();
    fields.forEach(
        (field, value) -> {
          if (!field.equals("runs")) {
            table.append(
                String.format(Locale.ROOT, "%-22s %s%n", label(field), text(field, value)));
          }
        });
    return table.toString();
  }

  private static String label(String field) {
    return field.replaceFirst("_(s|bytes)$", "").replace('_', ' ');
  }

  private static String text(String field, Object value) {
    if (field.endsWith("_s")) {
      return String.format(Locale.ROOT, "%.3f s", ((Number) value).doubleValue());
    }
    if (field.endsWith("_bytes")) {
      return String.format(Locale.ROOT, "%.1f MiB", ((Number) value).doubleValue() / 1048576);
    }
    return String.valueOf(value);
  }
}
