package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.model.ClipTokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TriggerWordTest {
  private static final List<TriggerWord> WORDS =
      List.of(TriggerWord.of("m5g90").forClass("sports car"), TriggerWord.of("zxq"));

  @Test
  void aHeaderKeepsThem() {
    String phrases = TriggerWord.phrases(WORDS);
    assertEquals("m5g90 sports car, zxq", phrases);
    assertEquals(WORDS, TriggerWord.of(Map.of(TriggerWord.ENTRY, phrases)));
    assertEquals(List.of(), TriggerWord.of(Map.of()));
    assertEquals(List.of(), TriggerWord.of(Map.of(TriggerWord.ENTRY, " , ")));
  }

  @Test
  void promptsUseThemOrAreTold() {
    assertTrue(WORDS.get(0).isIn("a red M5G90, at night"));
    assertFalse(WORDS.get(0).isIn("a red m5g901"));
    assertEquals(Optional.empty(), TriggerWord.missing(WORDS, "a zxq"));
    assertEquals(Optional.empty(), TriggerWord.missing(List.of(), "a car"));
    assertEquals(
        "the prompt uses none of the trigger words: m5g90 sports car, zxq",
        TriggerWord.missing(WORDS, "a car").orElseThrow());
    assertEquals("a zxq", TriggerWord.insert(WORDS, "a zxq"));
    assertEquals("m5g90 sports car, zxq, at night", TriggerWord.insert(WORDS, "at night"));
    assertEquals("m5g90 sports car, zxq", TriggerWord.insert(WORDS, " "));
  }

  @Test
  void theTokenizerDecidesTheAdvice() throws IOException {
    ClipTokenizer tokenizer = ClipTokenizer.read(TestModels.checkpoint(1).folder("tokenizer"));
    String common =
        List.of("a", "of", "the").stream()
            .filter(word -> tokenizer.pieces(word) == 1)
            .findFirst()
            .orElseThrow();
    TriggerWord.Advice advice = TriggerWord.of(common).advice(tokenizer);
    assertTrue(advice.common());
    assertTrue(advice.text().contains("has a meaning for it already"), advice::text);
    advice = TriggerWord.of("m5g90").advice(tokenizer);
    assertFalse(advice.common());
    assertEquals(tokenizer.pieces("m5g90"), advice.pieces());
    advice = TriggerWord.of("q1w2e3r4t5z6").advice(tokenizer);
    assertTrue(advice.text().contains("a shorter one is learned faster"), advice::text);
  }

  @Test
  void whatIsNoWordIsRefused() {
    for (String word : List.of("", "two words", "a,b", "tab\tbed")) {
      assertThrows(IllegalArgumentException.class, () -> TriggerWord.of(word));
    }
    assertThrows(IllegalArgumentException.class, () -> TriggerWord.of("a").forClass("b, c"));
  }
}
