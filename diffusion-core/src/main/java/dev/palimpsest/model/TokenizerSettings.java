package dev.palimpsest.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What tokenizer_config.json, special_tokens_map.json and added_tokens.json of a tokenizer folder
 * say, each of which may be absent. Where they contradict each other, the first of these that
 * speaks wins: tokenizer_config's added_tokens_decoder, special_tokens_map, tokenizer_config, as in
 * transformers 5 ({@code tokenization_utils_base.py}). do_lower_case and
 * clean_up_tokenization_spaces have no effect there and none here.
 *
 * @param special the text of bos_token, eos_token, unk_token and pad_token
 * @param added in the order in which they take effect, by their text
 * @param declaredIds the ids that the files state for some of {@code added}
 * @param maxLength {@link Integer#MAX_VALUE} if the files set no bound
 */
record TokenizerSettings(
    Map<String, String> special,
    Map<String, AddedToken> added,
    Map<String, Long> declaredIds,
    int maxLength) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final ImmutableMap<String, String> DEFAULTS =
      ImmutableMap.of(
          "bos_token", "<|startoftext|>",
          "eos_token", "<|endoftext|>",
          "unk_token", "<|endoftext|>",
          "pad_token", "<|endoftext|>");

  /* In the order in which the reference adds them: a later one of equal text replaces. */
  private static final String[] ROLES = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"
  };
  private static final String[] LISTS = {"additional_special_tokens", "extra_special_tokens"};

  private static final double UNBOUNDED = 1e20;
  private static final int LONGEST = 1 << 20;

  static TokenizerSettings read(Path folder) throws IOException {
    return of(new Reader(folder));
  }

  /** Of the fields of a tokenizer_config.json that says everything. */
  static TokenizerSettings of(Config config) throws IOException {
    return of(new Reader(Path.of("tokenizer_config.json"), JSON.valueToTree(config.asMap())));
  }

  private static TokenizerSettings of(Reader reader) throws IOException {
    reader.readAdded();
    reader.readSpecial();
    return new TokenizerSettings(
        Map.copyOf(reader.special), reader.added, reader.declaredIds, reader.maxLength());
  }

  /** The ids of the four roles in a vocabulary that holds all of {@link #added}. */
  Map<String, Long> specialIds(Map<String, Long> vocabulary) {
    return Maps.transformValues(special, text -> Objects.requireNonNull(vocabulary.get(text)));
  }

  private static final class Reader {
    private final Path configFile;
    private final Path mapFile;
    private final Path addedFile;
    private final JsonNode config;
    private final JsonNode map;
    private final Map<String, String> special = new HashMap<>();
    private final Map<String, AddedToken> added = new LinkedHashMap<>();
    private final Map<String, Long> declaredIds = new HashMap<>();

    Reader(Path folder) throws IOException {
      configFile = folder.resolve("tokenizer_config.json");
      mapFile = folder.resolve("special_tokens_map.json");
      addedFile = folder.resolve("added_tokens.json");
      config = object(configFile);
      map = config.has("added_tokens_decoder") ? empty() : object(mapFile);
      requireRight("padding_side");
      requireRight("truncation_side");
    }

    Reader(Path configFile, JsonNode config) throws CheckpointException {
      this.configFile = configFile;
      this.mapFile = configFile;
      this.addedFile = configFile.resolveSibling("added_tokens.json");
      this.config = config;
      this.map = empty();
      requireRight("padding_side");
      requireRight("truncation_side");
    }

    private void readAdded() throws IOException {
      if (config.has("added_tokens_decoder")) {
        var byId = new TreeMap<Long, JsonNode>();
        for (Map.Entry<String, JsonNode> entry : config.get("added_tokens_decoder").properties()) {
          byId.put(id(entry.getKey()), entry.getValue());
        }
        for (Map.Entry<Long, JsonNode> entry : byId.entrySet()) {
          String field = "added_tokens_decoder." + entry.getKey();
          AddedToken token = token(configFile, field, entry.getValue(), false);
          declare(token, entry.getKey());
        }
        return;
      }
      for (Map.Entry<String, JsonNode> entry : object(addedFile).properties()) {
        if (!entry.getValue().isIntegralNumber()) {
          throw bad(addedFile, entry.getKey(), entry.getValue(), "an id");
        }
        declare(new AddedToken(entry.getKey(), true), entry.getValue().asLong());
      }
    }

    private void declare(AddedToken token, long id) {
      added.put(token.content(), token);
      declaredIds.put(token.content(), id);
    }

    private long id(String text) throws CheckpointException {
      try {
        return Long.parseLong(text);
      } catch (NumberFormatException e) {
        throw new CheckpointException(
            configFile + ": added_tokens_decoder has the key '" + text + "', expected an id", e);
      }
    }

    private void readSpecial() throws CheckpointException {
      for (String role : ROLES) {
        Path file = map.has(role) ? mapFile : configFile;
        JsonNode value = map.has(role) ? map.get(role) : config.path(role);
        AddedToken token;
        if (value.isMissingNode() || value.isNull()) {
          String text = DEFAULTS.get(role);
          if (text == null) {
            continue;
          }
          token = new AddedToken(text, false);
        } else {
          token = token(file, role, value, true);
        }
        special.put(role, token.content());
        addSpecial(token);
      }
      for (String list : LISTS) {
        for (JsonNode value : map.has(list) ? map.get(list) : config.path(list)) {
          addSpecial(token(map.has(list) ? mapFile : configFile, list, value, true));
        }
      }
    }

    private void addSpecial(AddedToken token) {
      String content = token.content();
      if (!declaredIds.containsKey(content)) {
        added.put(content, token);
      } else if (!config.has("added_tokens_decoder")) {
        added.put(content, new AddedToken(content, false));
      }
    }

    private static AddedToken token(Path file, String field, JsonNode value, boolean special)
        throws CheckpointException {
      if (value.isTextual() && !value.asText().isEmpty()) {
        return new AddedToken(value.asText(), false);
      }
      String content = value.path("content").asText();
      if (content.isEmpty()) {
        throw bad(file, field, value, "a token's text or an object with its content");
      }
      if (value.path("single_word").asBoolean()) {
        throw bad(file, field, value, "single_word to be false: whole-word tokens are unsupported");
      }
      boolean isSpecial = special || value.path("special").asBoolean();
      return new AddedToken(content, value.path("normalized").asBoolean(!isSpecial));
    }

    private int maxLength() throws CheckpointException {
      JsonNode value = config.path("model_max_length");
      if (value.isMissingNode() || value.isNull() || value.asDouble() > UNBOUNDED) {
        return Integer.MAX_VALUE;
      }
      if (!value.isIntegralNumber() || value.asDouble() < 3 || value.asDouble() > LONGEST) {
        throw bad(configFile, "model_max_length", value, "a length from 3 to " + LONGEST);
      }
      return value.asInt();
    }

    private void requireRight(String field) throws CheckpointException {
      JsonNode value = config.path(field);
      if (!value.isMissingNode() && !value.asText().equals("right")) {
        throw bad(configFile, field, value, "\"right\"");
      }
    }

    private static JsonNode empty() {
      return JsonNodeFactory.instance.objectNode();
    }

    private static JsonNode object(Path file) throws IOException {
      if (!Files.exists(file)) {
        return empty();
      }
      JsonNode node;
      try {
        node = JSON.readTree(VocabularyFiles.text(file));
      } catch (JsonProcessingException e) {
        throw VocabularyFiles.malformedJson(file, e);
      }
      if (!node.isObject()) {
        throw new CheckpointException(file + ": expected a JSON object");
      }
      return node;
    }

    private static CheckpointException bad(
        Path file, String field, JsonNode value, String expected) {
      return new CheckpointException(
          file + ": " + field + " is " + value + ", expected " + expected);
    }
  }
}
