package dev.palimpsest.esd.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReportPromptTest {
  @Test
  void aConceptIsAskedForInAllItsWords() {
    List<ReportPrompt> prompts =
        ReportedConcept.of("shark")
            .synonyms("great white")
            .sentences("a photo of {} at night")
            .prompts();
    assertEquals(
        List.of(
            "shark", "great white", "a photo of shark at night", "a photo of great white at night"),
        prompts.stream().map(ReportPrompt::text).toList());
    assertEquals(PromptKind.CONCEPT, prompts.get(0).kind());
    assertEquals(PromptKind.PARAPHRASE, prompts.get(3).kind());
    assertEquals("shark", prompts.get(3).subject());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> ReportedConcept.of(" "));
    assertThrows(
        IllegalArgumentException.class, () -> ReportedConcept.of("a").sentences("no place"));
    assertThrows(
        IllegalArgumentException.class, () -> ReportPrompt.of(PromptKind.CONCEPT, "", "a"));
    assertThrows(
        IllegalArgumentException.class, () -> ReportPrompt.of(PromptKind.CONCEPT, "a", ""));
    ReportPrompt prompt = ReportPrompt.of(PromptKind.CONCEPT, "a", "a");
    assertThrows(IllegalArgumentException.class, () -> prompt.seeds(1, 2, 1));
  }
}
