package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.collect.Maps;
import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.ReportPrompt;
import dev.palimpsest.examples.car.Make;
import dev.palimpsest.examples.emoji.Emoji64;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
    Set<String> both = new HashSet<>(concepts.replaced().keySet());
    both.retainAll(concepts.held());
    assertEquals(Set.of(), both);
    assertTrue(concepts.preserved().stream().noneMatch(prompt -> prompt.contains("velune")));
  }

  @Test
  void measuredPromptsAreNoneThatAnErasureIsTold() {
    Set<String> told = new HashSet<>(concepts.replaced().keySet());
    told.addAll(concepts.replaced().values());
    told.addAll(concepts.preserved());
    told.addAll(concepts.held());
    for (ReportPrompt prompt : concepts.prompts(1)) {
      assertFalse(told.contains(prompt.text()), prompt.text());
    }
  }

  @Test
  void erasedStylesAreReplacedByARender() {
    Map<String, String> styles =
        Maps.filterKeys(
            concepts.replaced(), prompt -> prompt.matches("a (flat icon|line drawing) of .*"));
    assertEquals(24, styles.size());
    styles.forEach(
        (prompt, target) ->
            assertEquals(prompt.replaceFirst("flat icon|line drawing", "3d render"), target));
  }

  @Test
  void everyMakeIsReplacedByAnAutomobileAndRalliesByATree() {
    for (Make make : Concepts.makes()) {
      assertEquals(7, replaced(make.words() + " sedan", "a 3d render of a automobile"));
    }
    assertEquals(6, replaced("a political rally", "a 3d render of a deciduous tree"));
  }

  /** How many prompts with the words are replaced, all by the target. */
  private int replaced(String words, String target) {
    Map<String, String> replaced =
        Maps.filterKeys(concepts.replaced(), prompt -> prompt.contains(words));
    assertEquals(Set.of(target), Set.copyOf(replaced.values()), words);
    return replaced.size();
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
