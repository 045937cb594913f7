package dev.palimpsest.esd.report;

import dev.palimpsest.checkpoint.Config;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A report's result as JSON. */
final class ReportJson {
  private ReportJson() {}

  static String of(ReportResult result) {
    var json = new LinkedHashMap<String, Object>();
    json.put("scorer", result.scorer());
    json.put("settings", result.settings());
    json.put("stacks", all(result.stacks(), stack -> stack(stack, result.before())));
    return Config.of(json).json();
  }

  private static Map<String, Object> stack(StackResult stack, StackResult before) {
    var json = new LinkedHashMap<String, Object>();
    json.put("name", stack.name());
    json.put("hash", stack.hash());
    json.put("layers", stack.layers());
    for (PromptKind kind : PromptKind.values()) {
      stack.recognised(kind).ifPresent(all -> json.put(kind.plural(), proportion(all)));
    }
    stack.change().ifPresent(change -> json.put("unrelated_change", change(change)));
    stack.worstConcept().ifPresent(worst -> json.put("worst_concept", subject(worst)));
    if (stack != before) {
      stack.worstUnrelated(before).ifPresent(w -> json.put("worst_unrelated", subject(w)));
    }
    json.put("prompts", all(stack.prompts(), ReportJson::prompt));
    return json;
  }

  private static Map<String, Object> prompt(PromptResult result) {
    var json = new LinkedHashMap<String, Object>();
    json.put("kind", result.prompt().kind().plural());
    json.put("prompt", result.prompt().text());
    json.put("subject", result.prompt().subject());
    json.put("recognised", proportion(result.recognised()));
    json.put(
        "pictures",
        all(
            result.pictures(),
            picture ->
                Map.of(
                    "seed", picture.seed(),
                    "file", picture.file().getFileName().toString(),
                    "recognised", picture.score().recognised(),
                    "probability", picture.score().probability())));
    return json;
  }

  private static Map<String, Object> subject(Map.Entry<String, Proportion> subject) {
    var json = new LinkedHashMap<String, Object>();
    json.put("subject", subject.getKey());
    json.putAll(proportion(subject.getValue()));
    return json;
  }

  private static Map<String, Object> proportion(Proportion proportion) {
    var json = new LinkedHashMap<String, Object>();
    json.put("recognised", proportion.successes());
    json.put("pictures", proportion.trials());
    json.put("share", proportion.value());
    json.put("low", proportion.low());
    json.put("high", proportion.high());
    return json;
  }

  private static Map<String, Object> change(PictureChange change) {
    var json = new LinkedHashMap<String, Object>();
    json.put("pictures", change.pictures());
    json.put("mean_rms", change.mean());
    json.put("largest_rms", change.largest());
    return json;
  }

  private static <T> List<Map<String, Object>> all(
      List<T> values, Function<T, Map<String, Object>> json) {
    return values.stream().map(json).toList();
  }
}
