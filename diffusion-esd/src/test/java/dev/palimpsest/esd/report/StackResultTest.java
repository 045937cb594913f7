package dev.palimpsest.esd.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.esd.report.PromptResult.ScoredPicture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StackResultTest {
  private static PromptResult prompt(PromptKind kind, String subject, int seen, int of) {
    var pictures = new ArrayList<ScoredPicture>();
    for (int i = 0; i < of; i++) {
      pictures.add(new ScoredPicture(i, Path.of("x.png"), new PictureScorer.Score(i < seen, 0.5)));
    }
    return new PromptResult(ReportPrompt.of(kind, subject + seen, subject), pictures);
  }

  private static StackResult stack(PromptResult... prompts) {
    return new StackResult("x", "0", List.of(), List.of(prompts), Optional.empty());
  }

  @Test
  void sharesArePooledBySubject() {
    StackResult stack =
        stack(
            prompt(PromptKind.CONCEPT, "a", 1, 4),
            prompt(PromptKind.CONCEPT, "a", 0, 4),
            prompt(PromptKind.CONCEPT, "b", 2, 4));
    assertEquals(new Proportion(3, 12), stack.recognised(PromptKind.CONCEPT).orElseThrow());
    assertEquals(new Proportion(1, 8), stack.subjects(PromptKind.CONCEPT).get("a"));
    assertTrue(stack.recognised(PromptKind.UNRELATED).isEmpty());
    assertEquals("b", stack.worstConcept().orElseThrow().getKey());
  }

  @Test
  void theWorstUnrelatedSubjectIsTheOneThatLostMost() {
    StackResult before =
        stack(prompt(PromptKind.UNRELATED, "a", 4, 4), prompt(PromptKind.UNRELATED, "b", 1, 4));
    StackResult now =
        stack(prompt(PromptKind.UNRELATED, "a", 2, 4), prompt(PromptKind.UNRELATED, "b", 0, 4));
    assertEquals("a", now.worstUnrelated(before).orElseThrow().getKey());
    assertEquals(new Proportion(2, 4), now.worstUnrelated(before).orElseThrow().getValue());
  }
}
