package dev.palimpsest.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.palimpsest.errors.CheckpointException;
import java.io.IOException;
import java.nio.charset.CodingErrorAction;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON files of checkpoints, with bounded sizes and depths; a key given twice is an error. */
final class Json {
  /** For headers: JSON to the letter. */
  static final JsonFactory STRICT = factory().build();

  private static final long MAX_BYTES = 32L << 20;

  /** Python's json module writes NaN, Infinity and -Infinity. */
  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              factory()
                  .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                  .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private Json() {}

  private static com.fasterxml.jackson.core.JsonFactoryBuilder factory() {
    return (com.fasterxml.jackson.core.JsonFactoryBuilder)
        JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(64)
                    .maxStringLength(10_000_000)
                    .maxNameLength(10_000)
                    .maxNumberLength(100)
                    .build());
  }

  /** The JSON object that the file holds. */
  static Map<String, Object> readObject(Path path) throws CheckpointException {
    try {
      long size = Files.size(path);
      if (size > MAX_BYTES) {
        throw new CheckpointException(
            path + ": " + size + " bytes are too many for a JSON file (limit " + MAX_BYTES + ")");
      }
      var decoder = UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
      try (var in = Files.newInputStream(path);
          var reader = new java.io.InputStreamReader(in, decoder)) {
        return object(MAPPER.readValue(reader, new TypeReference<>() {}), path.toString());
      }
    } catch (CheckpointException e) {
      throw e;
    } catch (NoSuchFileException e) {
      throw new CheckpointException(path + ": no such file", e);
    } catch (IOException e) {
      throw new CheckpointException(path + ": not a JSON object: " + reason(e), e);
    }
  }

  /** The JSON object in a text. */
  static Map<String, Object> parseObject(String json, String source) throws CheckpointException {
    try {
      return object(MAPPER.readValue(json, new TypeReference<>() {}), source);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(source + ": not a JSON object: " + reason(e), e);
    }
  }

  private static Map<String, Object> object(@Nullable Map<String, Object> read, String source)
      throws CheckpointException {
    if (read == null) {
      throw new CheckpointException(source + ": a JSON object was expected, found null");
    }
    return read;
  }

  static String text(Map<String, Object> object) {
    try {
      return MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT).writeValueAsString(object);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not plain values: " + object, e);
    }
  }

  static byte[] write(Map<String, Object> object) throws IOException {
    return MAPPER.writeValueAsBytes(object);
  }

  static @Nullable String reason(IOException e) {
    return e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.toString();
  }
}
