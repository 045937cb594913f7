package dev.palimpsest.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One test for each way in which a tokenizer folder can be wrong, on a folder of eight pieces. */
final class TokenizerFilesTest {
  private static final String VOCABULARY =
      "{\"a\":0,\"b\":1,\n\"a</w>\":2,\"b</w>\":3,\"ab</w>\":4,\n"
          + "\"<|startoftext|>\":5,\"<|endoftext|>\":6}";
  private static final String MERGES = "#version: 0.2\na b</w>\n";

  @TempDir Path folder = Path.of("");

  @BeforeEach
  void write() throws IOException {
    write("vocab.json", VOCABULARY);
    write("merges.txt", MERGES);
    write("tokenizer_config.json", "{\"model_max_length\":5}");
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(folder.resolve(file), text);
  }

  private void assertFails(String file, String text, String message) throws IOException {
    write(file, text);
    assertFails(message);
  }

  private void assertFails(String message) {
    var e = assertThrows(CheckpointException.class, () -> ClipTokenizer.read(folder));
    String found = String.valueOf(e.getMessage());
    assertTrue(found.startsWith(folder.toString()) && found.contains(message), found);
  }

  @Test
  void theSmallFolderIsRight() throws IOException {
    ClipTokenizer tokenizer = ClipTokenizer.read(folder);
    assertArrayEquals(new long[] {5, 4, 2, 6}, tokenizer.encode("AB a"));
    assertArrayEquals(new long[] {5, 4, 6, 6, 6}, tokenizer.encodePadded("AB").ids());
    assertEquals(7, tokenizer.vocabularySize());
  }

  @Test
  void aByteThatTheVocabularyLacksIsUnknown() throws IOException {
    assertArrayEquals(new long[] {5, 0, 6, 6}, ClipTokenizer.read(folder).encode("ac"));
  }

  @Test
  void vocabularyMissing() throws IOException {
    Files.delete(folder.resolve("vocab.json"));
    assertFails("vocab.json: no such file");
  }

  @Test
  void vocabularyMalformed() throws IOException {
    assertFails("vocab.json", "{\"a\":0,\n\"b\" 1}", "vocab.json:2: malformed JSON");
  }

  @Test
  void vocabularyTruncated() throws IOException {
    assertFails("vocab.json", "{\"a\":0,\n\"b\":", "vocab.json:2: malformed JSON");
  }

  @Test
  void vocabularyNotAnObject() throws IOException {
    assertFails("vocab.json", "[1]", "vocab.json:1: expected an object");
  }

  @Test
  void vocabularyWithMoreAfterIt() throws IOException {
    assertFails("vocab.json", VOCABULARY + " 1", "vocab.json:3: expected nothing after");
  }

  @Test
  void vocabularyNotText() throws IOException {
    Files.write(folder.resolve("vocab.json"), new byte[] {'{', (byte) 0xFF});
    assertFails("vocab.json: not UTF-8");
  }

  @Test
  void vocabularyTooLarge() throws IOException {
    try (var file = new RandomAccessFile(folder.resolve("vocab.json").toFile(), "rw")) {
      file.setLength(1L << 32);
    }
    assertFails("vocab.json: 4294967296 bytes, expected at most");
  }

  @Test
  void pieceTwice() throws IOException {
    assertFails("vocab.json", "{\"a\":0,\n\"a\":1}", "vocab.json:2: malformed JSON: Duplicate");
  }

  @Test
  void idTwice() throws IOException {
    assertFails(
        "vocab.json", "{\"a\":0,\n\"b\":0}", "vocab.json:2: id 0 belongs to both 'a' and 'b'");
  }

  @Test
  void idNotAnInteger() throws IOException {
    assertFails("vocab.json", "{\"a\":\"x\"}", "vocab.json:1: 'a' has x, expected an integer id");
  }

  @Test
  void idNegativeOrHuge() throws IOException {
    assertFails("vocab.json", "{\"a\":-1}", "vocab.json:1: 'a' has id -1");
    assertFails("vocab.json", "{\"a\":2147483648}", "vocab.json:1: 'a' has id 2147483648");
    assertFails("vocab.json", "{\"a\":99999999999999999999}", "vocab.json:1: malformed JSON");
  }

  @Test
  void idsWithAGap() throws IOException {
    assertFails(
        "vocab.json",
        VOCABULARY.replace(":6}", ":7}"),
        "vocab.json: no piece has id 6, expected the ids 0 to 6");
  }

  @Test
  void specialTokenMissing() throws IOException {
    assertFails(
        "tokenizer_config.json",
        "{\"pad_token\":\"<pad>\"}",
        "vocab.json: lacks the special token '<pad>'");
  }

  @Test
  void mergesMissing() throws IOException {
    Files.delete(folder.resolve("merges.txt"));
    assertFails("merges.txt: no such file");
  }

  @Test
  void mergeOfOneOrThreeParts() throws IOException {
    assertFails("merges.txt", MERGES + "ab\n", "merges.txt:3: expected two pieces");
    assertFails("merges.txt", MERGES + "a b </w>\n", "found 'a b </w>'");
    assertFails("merges.txt", "#version\n\na b\n", "merges.txt:2: expected two pieces");
  }

  @Test
  void mergeOfAnUnknownPiece() throws IOException {
    assertFails("merges.txt", MERGES + "a c\n", "merges.txt:3: 'c' is not in the vocabulary");
  }

  @Test
  void mergeIntoAnUnknownPiece() throws IOException {
    assertFails("merges.txt", MERGES + "b a\n", "merges.txt:3: 'ba' is not in the vocabulary");
  }

  @Test
  void mergeTwice() throws IOException {
    assertFails("merges.txt", MERGES + "a b</w>\n", "merges.txt:3: 'a b</w>' stands on an earlier");
  }

  @Test
  void configMalformed() throws IOException {
    assertFails("tokenizer_config.json", "{", "tokenizer_config.json:1: malformed JSON");
    assertFails("tokenizer_config.json", "3", "tokenizer_config.json: expected a JSON object");
    assertFails("tokenizer_config.json", "", "tokenizer_config.json: expected a JSON object");
  }

  @Test
  void lengthOutOfRange() throws IOException {
    for (String length : new String[] {"2", "-1", "1.5", "\"77\"", "9999999"}) {
      assertFails(
          "tokenizer_config.json",
          "{\"model_max_length\":" + length + "}",
          "tokenizer_config.json: model_max_length is " + length);
    }
  }

  @Test
  void unsupportedSettings() throws IOException {
    assertFails("tokenizer_config.json", "{\"padding_side\":\"left\"}", "padding_side is \"left\"");
    assertFails("tokenizer_config.json", "{\"truncation_side\":\"left\"}", "truncation_side");
    write("tokenizer_config.json", "{}");
    assertFails(
        "special_tokens_map.json",
        "{\"bos_token\":{\"content\":\"a\",\"single_word\":true}}",
        "single_word");
  }

  @Test
  void specialTokenOfAnotherType() throws IOException {
    write("tokenizer_config.json", "{}");
    assertFails(
        "special_tokens_map.json", "{\"bos_token\":3}", "special_tokens_map.json: bos_token is 3");
  }

  @Test
  void noLengthIsNoBound() throws IOException {
    for (String config : new String[] {"{}", "{\"model_max_length\":1e30}"}) {
      write("tokenizer_config.json", config);
      ClipTokenizer tokenizer = ClipTokenizer.read(folder);
      assertEquals(Integer.MAX_VALUE, tokenizer.maxLength());
      assertThrows(IllegalStateException.class, () -> tokenizer.encodePadded("a"));
      assertArrayEquals(
          new long[] {5, 2, 6, 6}, tokenizer.withMaxLength(4).encodePadded("a").ids());
    }
    Files.delete(folder.resolve("tokenizer_config.json"));
    assertEquals(Integer.MAX_VALUE, ClipTokenizer.read(folder).maxLength());
  }

  @Test
  void addedTokensExtendTheVocabulary() throws IOException {
    write("added_tokens.json", "{\"<cat toy>\":7}");
    ClipTokenizer tokenizer = ClipTokenizer.read(folder);
    assertEquals(8, tokenizer.vocabularySize());
    assertArrayEquals(new long[] {5, 2, 7, 3, 6}, tokenizer.encode("a<CAT \n toy>b"));
    assertFails("added_tokens.json", "{\"<cat>\":8}", "no piece has id 7");
    assertFails("added_tokens.json", "{\"<cat>\":6}", "two pieces have id 6");
    assertFails("added_tokens.json", "{\"a\":7}", "'a' is added as id 7 but vocab.json has 0");
    assertFails("added_tokens.json", "{\"a\":\"7\"}", "added_tokens.json: a is \"7\"");
  }

  @Test
  void addedTokensOfTheConfigReplaceTheMap() throws IOException {
    write("special_tokens_map.json", "{\"pad_token\":\"nowhere\"}");
    write(
        "tokenizer_config.json",
        "{\"model_max_length\":4,\"added_tokens_decoder\":{"
            + "\"6\":{\"content\":\"<|endoftext|>\",\"normalized\":true,\"special\":true},"
            + "\"7\":{\"content\":\"<x>\",\"special\":true}}}");
    ClipTokenizer tokenizer = ClipTokenizer.read(folder);
    assertArrayEquals(new long[] {5, 6, 7, 6}, tokenizer.encodePadded("<|ENDOFTEXT|><x>").ids());
    assertFails("tokenizer_config.json", "{\"added_tokens_decoder\":{\"x\":{}}}", "key 'x'");
  }
}
