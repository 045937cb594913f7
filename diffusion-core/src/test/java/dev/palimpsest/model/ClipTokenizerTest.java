package dev.palimpsest.model;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.palimpsest.checkpoint.Component;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

final class ClipTokenizerTest {
  private static final Map<String, ClipTokenizer> TOKENIZERS =
      Map.of(
          "clip", TokenizerFolders.read("clip"),
          "clip_small", TokenizerFolders.read("clip_small"));

  private final ClipTokenizer clip = tokenizer("clip");
  private final ClipTokenizer padZero = TokenizerFolders.read("clip_small_pad0");
  private final ClipTokenizer starter = TokenizerFolders.read("starter");

  private static ClipTokenizer tokenizer(String name) {
    return java.util.Objects.requireNonNull(TOKENIZERS.get(name));
  }

  @Test
  void givesTheIdsOfTransformersForEveryGoldenPrompt() throws IOException {
    JsonNode cases = cases();
    assertEquals(448, cases.size());
    List<Executable> checks = new ArrayList<>();
    for (JsonNode c : cases) {
      checks.add(() -> check(c, tokenizer(c.get("tokenizer").asText())));
    }
    assertAll(checks);
  }

  private static JsonNode cases() throws IOException {
    return new JsonMapper().readTree(TokenizerFolders.path("manifest.json").toFile()).get("cases");
  }

  private static void check(JsonNode c, ClipTokenizer tokenizer) {
    String id = c.get("id").asText();
    String prompt = c.get("prompt").asText();
    Tokens padded = tokenizer.encodePadded(prompt);
    assertArrayEquals(longs(c.get("ids")), tokenizer.encode(prompt), id);
    assertArrayEquals(longs(c.get("padded")), padded.ids(), id);
    assertEquals(c.get("attention_mask_sum").asInt(), padded.attentionMaskSum(), id);
  }

  private static long[] longs(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToLong(JsonNode::asLong).toArray();
  }

  @Test
  void theVocabularyOfThisLibraryIsThePublishedOne() throws IOException {
    ClipTokenizer own = ClipTokenizer.read(Component.clipTokenizer("tokenizer", "<|endoftext|>"));
    for (JsonNode c : cases()) {
      if (c.get("tokenizer").asText().equals("clip")) {
        check(c, own);
      }
    }
    assertEquals(clip.vocabularySize(), own.vocabularySize());
    for (long id = 0; id < own.vocabularySize(); id++) {
      assertEquals(clip.decode(id), own.decode(id));
    }
    assertArrayEquals(clip.encode("<|STARTOFTEXT|>x"), own.encode("<|STARTOFTEXT|>x"));
    assertEquals(0, ClipTokenizer.read(Component.clipTokenizer("tokenizer_2", "!")).pad());
  }

  /* The numbers below were computed with transformers 5.23.0 and tokenizers 0.23.3. */

  @Test
  void padsWithTheTokenOfTheFolder() {
    long[] expected = new long[77];
    expected[0] = 998;
    expected[1] = 320;
    expected[2] = 999;
    assertArrayEquals(expected, padZero.encodePadded("a").ids());
    assertEquals(3, padZero.encodePadded("a").attentionMaskSum());
    assertEquals(List.of(998L, 999L, 0L), List.of(padZero.bos(), padZero.eos(), padZero.pad()));
  }

  @Test
  void thePaddingTokenInAPromptIsThatToken() {
    assertArrayEquals(new long[] {998, 320, 0, 321, 0, 0, 0, 999}, padZero.encode("a! b ! !!"));
    assertArrayEquals(
        new long[] {2229, 320, 256, 321, 256, 0, 256, 2230}, starter.encode("a! b ! !!"));
  }

  @Test
  void specialTokensInAPromptAreFoundRawOrNormalisedAsTheFolderSays() {
    assertArrayEquals(new long[] {49406, 320, 49407, 321, 49407}, clip.encode("a<|endoftext|>b"));
    assertArrayEquals(new long[] {49406, 49406, 343, 49407}, clip.encode("<|STARTOFTEXT|>x"));
    assertArrayEquals(
        new long[] {49406, 27, 347, 40786, 4160, 91, 285, 343, 49407},
        clip.encode("<|ENDOFTEXT|> x"));
    assertArrayEquals(new long[] {998, 999, 343, 999}, padZero.encode("<|ENDOFTEXT|> x"));
    assertArrayEquals(
        new long[] {2229, 27, 347, 524, 628, 69, 593, 87, 339, 91, 285, 343, 2230},
        starter.encode("<|ENDOFTEXT|> x"));
  }

  @Test
  void theStarterFolderHasItsOwnLength() {
    assertEquals(32, starter.maxLength());
    assertEquals(2231, starter.vocabularySize());
    assertEquals(32, starter.encodePadded("a red car").length());
  }

  @Test
  void saysWhatDidNotFit() {
    String prompt = "word ".repeat(75) + "left over";
    Tokens tokens = clip.encodePadded(prompt);
    assertEquals("left over", tokens.truncated());
    assertEquals(77, tokens.attentionMaskSum());
    assertEquals(clip.eos(), tokens.ids()[76]);
    assertEquals("", clip.encodePadded("word ".repeat(75)).truncated());
  }

  @Test
  void handsOutCopies() {
    Tokens tokens = clip.encodePadded("a");
    tokens.ids()[0] = -1;
    assertEquals(49406, tokens.ids()[0]);
    assertEquals(tokens, clip.encodePadded("A"));
  }

  @Test
  void decodes() {
    assertEquals(
        "<|startoftext|>a photo , 日本 <|endoftext|>", clip.decode(clip.encode("A photo, 日本")));
    assertEquals("", clip.decode());
    var e = assertThrows(IllegalArgumentException.class, () -> clip.decode(49408));
    assertEquals("id must be 0 to 49407, was 49408", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> clip.decode(-1));
  }

  @Test
  void countsPieces() {
    assertEquals(1, clip.pieces("photo"));
    assertEquals(0, clip.pieces(" "));
    assertEquals(clip.encode("m5g90 car").length - 2, clip.pieces("m5g90 car"));
  }

  @Test
  void aLoneSurrogateIsTheReplacementCharacter() {
    assertArrayEquals(clip.encode("a\uFFFDb"), clip.encode("a\uD800b"));
    assertArrayEquals(clip.encode("\uFFFD"), clip.encode("\uDC00"));
    assertArrayEquals(clip.encode("😀\uFFFD"), clip.encode("😀\uD83D"));
  }

  @Test
  void lowersLetterByLetter() {
    assertArrayEquals(clip.encode("σσ"), clip.encode("ΣΣ")); // no final sigma
    assertArrayEquals(clip.encode("i\u0307"), clip.encode("\u0130"));
    assertArrayEquals(clip.encode("é"), clip.encode("E\u0301"));
  }

  @Test
  void longPromptsAndWordsTakeLittleTime() {
    List<String> prompts =
        List.of(
            "word ".repeat(10_000),
            "a".repeat(100_000),
            "antidisestablishment".repeat(5_000),
            "👩\u200d👧".repeat(10_000),
            "<|".repeat(50_000),
            " ".repeat(100_000));
    for (String prompt : prompts) {
      assertTimeout(
          Duration.ofSeconds(5),
          () -> assertTrue(clip.encode(prompt).length <= prompt.length() + 2),
          prompt.substring(0, 10));
    }
    assertArrayEquals(
        Collections.nCopies(10_000, 2653L).stream().mapToLong(Long::longValue).toArray(),
        Arrays.copyOfRange(clip.encode(prompts.get(0)), 1, 10_001));
  }
}
