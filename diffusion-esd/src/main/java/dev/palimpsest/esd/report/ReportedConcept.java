package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.List;

/**
 * An erased concept and other ways to ask for it.
 *
 * @param name the concept's prompt, and what the scorer looks for
 * @param synonyms prompts that mean the same
 * @param sentences longer prompts in which {@code {}} stands for the concept
 */
public record ReportedConcept(String name, List<String> synonyms, List<String> sentences) {
  private static final String PLACE = "{}";

  public ReportedConcept {
    checkArgument(!name.isBlank(), "a concept must not be empty");
    synonyms = List.copyOf(synonyms);
    sentences = List.copyOf(sentences);
    for (String sentence : sentences) {
      checkArgument(
          sentence.contains(PLACE), "sentence '%s' has no %s for the concept", sentence, PLACE);
    }
  }

  public static ReportedConcept of(String name) {
    return new ReportedConcept(name, List.of(), List.of());
  }

  public ReportedConcept synonyms(String... prompts) {
    return new ReportedConcept(name, List.of(prompts), sentences);
  }

  /** Such as {@code a photo of {} at night}. */
  public ReportedConcept sentences(String... templates) {
    return new ReportedConcept(name, synonyms, List.of(templates));
  }

  /** The name itself, the synonyms, and the name and each synonym in each sentence. */
  public List<ReportPrompt> prompts() {
    var prompts = new ArrayList<ReportPrompt>();
    prompts.add(ReportPrompt.of(PromptKind.CONCEPT, name, name));
    synonyms.forEach(word -> prompts.add(ReportPrompt.of(PromptKind.PARAPHRASE, word, name)));
    for (String sentence : sentences) {
      prompts.add(paraphrase(sentence, name));
      synonyms.forEach(word -> prompts.add(paraphrase(sentence, word)));
    }
    return prompts;
  }

  private ReportPrompt paraphrase(String sentence, String word) {
    return ReportPrompt.of(PromptKind.PARAPHRASE, sentence.replace(PLACE, word), name);
  }
}
