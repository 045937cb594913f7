package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.ReportPrompt;
import dev.palimpsest.examples.emoji.Emoji64;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ConceptsTest {
  private final Concepts concepts;

  ConceptsTest() throws IOException {
    concepts = new Concepts(Emoji64.read(Path.of("data", "emoji64")), StudyPlan.full());
  }

  @Test
  void nothingIsErasedAndPreserved() {
    Set<String> both = new HashSet<>(concepts.erased());
    both.addAll(concepts.replaced().keySet());
    both.retainAll(concepts.held());
    assertEquals(Set.of(), both);
    assertTrue(concepts.preserved().stream().noneMatch(prompt -> prompt.contains("velune")));
  }

  @Test
  void measuredPromptsAreNoneThatAnErasureIsTold() {
    Set<String> told = new HashSet<>(concepts.erased());
    told.addAll(concepts.replaced().keySet());
    told.addAll(concepts.preserved());
    told.addAll(concepts.held());
    for (ReportPrompt prompt : concepts.prompts(1)) {
      assertFalse(told.contains(prompt.text()), prompt.text());
    }
  }

  @Test
  void erasedStylesAreReplacedByARender() {
    assertEquals(24, concepts.replaced().size());
    concepts
        .replaced()
        .forEach(
            (prompt, target) -> {
              assertTrue(target.startsWith("a 3d render of "), target);
              String subject = target.substring("a 3d render of ".length());
              assertTrue(prompt.matches("a (flat icon|line drawing) of " + subject), prompt);
            });
  }

  @Test
  void eachErasedConceptIsDrawnFortyTimes() {
    var pictures =
        concepts.prompts(1).stream()
            .filter(prompt -> prompt.kind() == PromptKind.CONCEPT)
            .collect(
                Collectors.groupingBy(
                    ReportPrompt::subject, Collectors.summingInt(prompt -> prompt.seeds().size())));
    assertEquals(6, pictures.size());
    assertEquals(Set.of(40), new HashSet<>(pictures.values()));
  }

  @Test
  void makesLeaveCaptionsOfSedansInGeneral() {
    String caption = "matte red tarnok sedan with number plate AX 87";
    assertEquals("matte red sedan with number plate AX 87", Concepts.general(caption, "tarnok"));
    assertEquals(
        List.of("tarnok", "bomble", "krivex"),
        Concepts.makes().stream().map(make -> make.words()).toList());
  }
}
