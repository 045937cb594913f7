package dev.palimpsest.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.model.WeightedPrompt.Span;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;

final class WeightedPromptTest {
  private static void assertSpans(String prompt, Object... textsAndWeights) {
    List<Span> spans = WeightedPrompt.parse(prompt).spans();
    assertEquals(textsAndWeights.length / 2, spans.size(), spans.toString());
    for (int i = 0; i < spans.size(); i++) {
      assertEquals(textsAndWeights[2 * i], spans.get(i).text(), spans.toString());
      double weight = ((Number) textsAndWeights[2 * i + 1]).doubleValue();
      assertEquals(weight, spans.get(i).weight(), 1e-12, spans.toString());
    }
  }

  @Test
  void brackets() {
    assertSpans("a (b) c", "a ", 1, "b", 1.1, " c", 1);
    assertSpans("[b]", "b", 1 / 1.1);
    assertSpans("(b:1.3)", "b", 1.3);
    assertSpans("(b: -0.5 )", "b", -0.5);
    assertSpans("(b:+.5)(c:2.)", "b", 0.5, "c", 2);
    assertSpans("", new Object[0]);
  }

  /* The three examples with which A1111's parser documents itself. */
  @Test
  void examples() {
    assertSpans("(unbalanced", "unbalanced", 1.1);
    assertSpans("\\(literal\\]", "(literal]", 1);
    assertSpans("(unnecessary)(parens)", "unnecessaryparens", 1.1);
    assertSpans(
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        "a ",
        1,
        "house",
        1.3 * 1.1 * 1.1,
        " ",
        1.1,
        "on",
        1,
        " a ",
        1.1,
        "hill",
        0.55,
        ", sun, ",
        1.1,
        "sky",
        1.1 * 1.1 * 1.1 * 1.1,
        ".",
        1.1);
  }

  @Test
  void nestingMultiplies() {
    assertSpans("((a) b:2)", "a", 2.2, " b", 2);
    assertSpans("[(a)]", "a", 1);
    assertSpans("(a[b)c]", "a", 1.1, "b", 1, "c", 1 / 1.1);
  }

  @Test
  void escapes() {
    assertSpans("\\(a\\) \\[b\\] \\\\ \\c", "(a) [b] \\ c", 1);
    assertSpans("(a\\):1.5)", "a)", 1.5);
  }

  @Test
  void whatIsNotNotationIsText() {
    assertSpans("a) b] c:1.2) d:", "a) b] c:1.2) d:", 1);
    assertSpans("(a:x)", "a:x", 1.1);
    assertSpans("(a:1.2.3)", "a:1.2.3", 1.1);
    assertSpans("(a:.)", "a:.", 1.1);
    assertSpans("(a:)", "a:", 1.1);
    assertSpans("[a:1.5]", "a:1.5", 1 / 1.1);
  }

  @Test
  void whatIsNotClosedEndsWithTheText() {
    assertSpans("a (b (c", "a ", 1, "b ", 1.1, "c", 1.1 * 1.1);
    assertSpans("a [b", "a ", 1, "b", 1 / 1.1);
    assertSpans("((", new Object[0]);
  }

  @Test
  void breaks() {
    List<List<Span>> sections = WeightedPrompt.parse("a  BREAK (b BREAK c) BREAKS").sections();
    assertEquals(
        List.of(
            List.of(new Span("a", 1)),
            List.of(new Span("b", 1.1)),
            List.of(new Span("c", 1.1), new Span(" BREAKS", 1))),
        sections);
    assertEquals(List.of(List.of(), List.of()), WeightedPrompt.parse("BREAK").sections());
  }

  @Test
  void plainTextStays() {
    assertEquals(List.of(new Span("(a:2) BREAK", 1)), WeightedPrompt.plain("(a:2) BREAK").spans());
  }

  @Test
  void weightsStayFinite() {
    assertSpans("(a:" + "9".repeat(400) + ")", "a", 1e6);
    assertSpans("(".repeat(1000) + "a" + ")".repeat(1000), "a", 1e6);
    assertSpans("((a:0):" + "9".repeat(400) + ")", "a", 0);
    assertThrows(IllegalArgumentException.class, () -> new Span("a", Double.NaN));
  }

  @Test
  void hostileTextTakesLittleTime() {
    for (String unit : List.of("(", "[", "(a", "a ", " ", ": ", "\\", "BREAK ", ":1", "(a:1)")) {
      assertTimeout(Duration.ofSeconds(5), () -> WeightedPrompt.parse(unit.repeat(20_000)), unit);
    }
  }

  @Provide
  Arbitrary<String> notation() {
    Arbitrary<String> parts =
        Arbitraries.of(
                "(", ")", "[", "]", ":", ":1.3)", ":0.5)", ":-2)", ":1.2.3)", "\\", "\\(", "a",
                " word", " BREAK ", "\n", "é", "😀", "\uD800", "1.5")
            .list()
            .ofMaxSize(60)
            .map(list -> String.join("", list));
    return Arbitraries.oneOf(parts, Arbitraries.strings().ofMaxLength(100));
  }

  @Property(tries = 500)
  void holds(@ForAll("notation") String text) {
    check(text);
  }

  @Tag("slow")
  @Property(tries = 100_000)
  void holdsOften(@ForAll("notation") String text) {
    check(text);
  }

  private static void check(String text) {
    long opening = text.chars().filter(c -> c == '(' || c == '[').count();
    List<Span> spans = WeightedPrompt.parse(text).spans();
    for (Span span : spans) {
      assertTrue(!span.text().isEmpty());
      assertTrue(Math.abs(span.weight()) <= 1e6);
      if (!text.contains(":")) {
        assertTrue(span.weight() <= Math.min(1e6, Math.pow(1.1, opening) + 1e-9));
        assertTrue(span.weight() >= Math.pow(1.1, -opening) - 1e-9);
      }
    }
    if (!text.matches("(?s).*([(\\[\\\\]|BREAK).*")) {
      String joined = spans.stream().map(Span::text).collect(Collectors.joining());
      assertEquals(text, joined);
      assertTrue(spans.stream().allMatch(span -> span.weight() == 1));
    }
  }
}
