package dev.palimpsest.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.google.common.base.Splitter;
import dev.palimpsest.errors.CheckpointException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads vocab.json and merges.txt, which may be hostile. */
final class VocabularyFiles {
  private static final long LARGEST = 64L << 20;
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private VocabularyFiles() {}

  /** The pieces and their ids, which are distinct and in the range of int. */
  static Map<String, Long> readVocabulary(Path file) throws IOException {
    var vocabulary = new LinkedHashMap<String, Long>();
    var byId = new HashMap<Long, String>();
    try (JsonParser parser = JSON.createParser(text(file))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw at(file, parser, "expected an object of pieces and ids");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String piece = parser.currentName();
        if (parser.nextToken() != JsonToken.VALUE_NUMBER_INT) {
          throw at(
              file, parser, "'" + piece + "' has " + parser.getText() + ", expected an integer id");
        }
        long id = parser.getLongValue();
        if (id < 0 || id > Integer.MAX_VALUE) {
          throw at(file, parser, "'" + piece + "' has id " + id + ", expected 0 to 2147483647");
        }
        String other = byId.put(id, piece);
        if (other != null) {
          throw at(
              file, parser, "id " + id + " belongs to both '" + other + "' and '" + piece + "'");
        }
        vocabulary.put(piece, id);
      }
      if (parser.nextToken() != null) {
        throw at(file, parser, "expected nothing after the object");
      }
    } catch (JsonProcessingException e) {
      throw malformedJson(file, e);
    }
    return vocabulary;
  }

  /** The id that each pair becomes, in the order of the file, which is that of their rank. */
  static LinkedHashMap<BytePairs.Pair, Long> readMerges(Path file, Map<String, Long> vocabulary)
      throws IOException {
    return merges(text(file).lines().toList(), file.toString(), vocabulary);
  }

  /**
   * @param source of the lines, for messages
   */
  static LinkedHashMap<BytePairs.Pair, Long> merges(
      List<String> lines, String source, Map<String, Long> vocabulary) throws CheckpointException {
    var merges = new LinkedHashMap<BytePairs.Pair, Long>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith("#version") || (line.isEmpty() && i == lines.size() - 1)) {
        continue;
      }
      String where = source + ":" + (i + 1) + ": ";
      List<String> parts = Splitter.on(' ').splitToList(line);
      if (parts.size() != 2) {
        throw new CheckpointException(
            where + "expected two pieces and one blank between them, found '" + line + "'");
      }
      long left = require(vocabulary, parts.get(0), where);
      long right = require(vocabulary, parts.get(1), where);
      long merged = require(vocabulary, parts.get(0) + parts.get(1), where);
      if (merges.put(new BytePairs.Pair(left, right), merged) != null) {
        throw new CheckpointException(where + "'" + line + "' stands on an earlier line too");
      }
    }
    return merges;
  }

  private static long require(Map<String, Long> vocabulary, String piece, String where)
      throws CheckpointException {
    Long id = vocabulary.get(piece);
    if (id == null) {
      throw new CheckpointException(where + "'" + piece + "' is not in the vocabulary");
    }
    return id;
  }

  /** The whole of a file of UTF-8 text of bounded size. */
  static String text(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(file + ": no such file, a tokenizer folder needs it");
    }
    if (Files.size(file) > LARGEST) {
      throw new CheckpointException(
          file + ": " + Files.size(file) + " bytes, expected at most " + LARGEST);
    }
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new CheckpointException(file + ": not UTF-8 text", e);
    }
  }

  static CheckpointException malformedJson(Path file, JsonProcessingException e) {
    int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
    return new CheckpointException(
        file + ":" + line + ": malformed JSON: " + e.getOriginalMessage(), e);
  }

  private static CheckpointException at(Path file, JsonParser parser, String message) {
    return new CheckpointException(
        file + ":" + parser.currentTokenLocation().getLineNr() + ": " + message);
  }

  /** A vocabulary with the folder's added tokens, at the ids that it declares; ids 0 to n - 1. */
  static Map<String, Long> withAdded(
      Map<String, Long> vocabulary, TokenizerSettings settings, Path folder)
      throws CheckpointException {
    var all = new LinkedHashMap<>(vocabulary);
    for (String token : settings.added().keySet()) {
      Long declared = settings.declaredIds().get(token);
      Long known = declared == null ? all.get(token) : all.putIfAbsent(token, declared);
      if (known == null && declared == null) {
        throw new CheckpointException(
            folder.resolve("vocab.json") + ": lacks the special token '" + token + "'");
      }
      if (known != null && declared != null && !known.equals(declared)) {
        throw new CheckpointException(
            folder
                + ": '"
                + token
                + "' is added as id "
                + declared
                + " but vocab.json has "
                + known);
      }
    }
    checkContiguous(all.values(), folder.resolve("vocab.json"));
    return all;
  }

  private static void checkContiguous(Collection<Long> ids, Path file) throws CheckpointException {
    long[] sorted = ids.stream().mapToLong(Long::longValue).sorted().toArray();
    for (int i = 0; i < sorted.length; i++) {
      if (sorted[i] != i) {
        String found = sorted[i] > i ? "no piece has id " + i : "two pieces have id " + sorted[i];
        throw new CheckpointException(
            file + ": " + found + ", expected the ids 0 to " + (sorted.length - 1));
      }
    }
  }
}
