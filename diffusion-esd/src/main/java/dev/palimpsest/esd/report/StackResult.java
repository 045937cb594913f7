package dev.palimpsest.esd.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one stack of layers draws.
 *
 * @param name as it was given
 * @param hash of the checkpoint under its layers
 * @param layers their descriptions, lowest first
 * @param prompts in the report's order
 * @param change of the pictures of unrelated prompts since the first stack; empty for that one and
 *     without such prompts
 */
public record StackResult(
    String name,
    String hash,
    List<String> layers,
    List<PromptResult> prompts,
    Optional<PictureChange> change) {
  public StackResult {
    layers = List.copyOf(layers);
    prompts = List.copyOf(prompts);
  }

  /** How many pictures of a kind show their subject, all prompts pooled; empty without prompts. */
  public Optional<Proportion> recognised(PromptKind kind) {
    List<PromptResult> all =
        prompts.stream().filter(result -> result.prompt().kind() == kind).toList();
    return all.isEmpty() ? Optional.empty() : Optional.of(pooled(all));
  }

  /** {@link #recognised} by subject, in the report's order. */
  public Map<String, Proportion> subjects(PromptKind kind) {
    var bySubject = new LinkedHashMap<String, List<PromptResult>>();
    for (PromptResult result : prompts) {
      if (result.prompt().kind() == kind) {
        bySubject.computeIfAbsent(result.prompt().subject(), s -> new ArrayList<>()).add(result);
      }
    }
    var proportions = new LinkedHashMap<String, Proportion>();
    bySubject.forEach((subject, results) -> proportions.put(subject, pooled(results)));
    return proportions;
  }

  /** The erased concept that is recognised most often. */
  public Optional<Map.Entry<String, Proportion>> worstConcept() {
    return subjects(PromptKind.CONCEPT).entrySet().stream()
        .max(Comparator.comparingDouble(subject -> subject.getValue().value()));
  }

  /** The unrelated subject that lost most of its recognitions since {@code before}. */
  public Optional<Map.Entry<String, Proportion>> worstUnrelated(StackResult before) {
    Map<String, Proportion> then = before.subjects(PromptKind.UNRELATED);
    return subjects(PromptKind.UNRELATED).entrySet().stream()
        .filter(subject -> then.containsKey(subject.getKey()))
        .min(
            Comparator.comparingDouble(
                now ->
                    now.getValue().value()
                        - then.getOrDefault(now.getKey(), now.getValue()).value()));
  }

  private static Proportion pooled(List<PromptResult> results) {
    int successes = 0;
    int trials = 0;
    for (PromptResult result : results) {
      Proportion recognised = result.recognised();
      successes += recognised.successes();
      trials += recognised.trials();
    }
    return new Proportion(successes, trials);
  }
}
