package dev.palimpsest.lora;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.base.CharMatcher;
import com.google.common.io.MoreFiles;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The captions of a folder's pictures, by file name. */
final class CaptionFiles {
  private static final String TABLE = "metadata.jsonl";
  private static final long MAX_BYTES = 1 << 16;
  private static final long MAX_TABLE_BYTES = 64 << 20;
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Map<String, String> captions = new HashMap<>();

  private CaptionFiles() {}

  /**
   * @param problems what cannot be used is added here
   */
  static CaptionFiles read(Path folder, List<Path> pictures, List<String> problems)
      throws IOException {
    var all = new CaptionFiles();
    Path table = folder.resolve(TABLE);
    if (Files.isRegularFile(table)) {
      all.readTable(table, pictures, problems);
    }
    for (Path picture : pictures) {
      Path file = picture.resolveSibling(MoreFiles.getNameWithoutExtension(picture) + ".txt");
      if (Files.isRegularFile(file)) {
        all.put(name(picture), text(file, MAX_BYTES, problems), name(file), problems);
      }
    }
    return all;
  }

  /** Without line breaks; empty where there is none. */
  String of(Path picture) {
    return captions.getOrDefault(name(picture), "");
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  private void put(String picture, @Nullable String caption, String source, List<String> problems) {
    if (caption == null) {
      return;
    }
    String line = CharMatcher.whitespace().trimAndCollapseFrom(caption, ' ');
    if (captions.putIfAbsent(picture, line) != null) {
      problems.add(source + ": " + picture + " has a caption already");
    }
  }

  private static @Nullable String text(Path file, long most, List<String> problems)
      throws IOException {
    long size = Files.size(file);
    if (size > most) {
      problems.add(name(file) + ": " + size + " bytes are too many for captions, limit " + most);
      return null;
    }
    try {
      return Files.readString(file, UTF_8);
    } catch (CharacterCodingException e) {
      problems.add(name(file) + ": not UTF-8");
      return null;
    }
  }

  private void readTable(Path table, List<Path> pictures, List<String> problems)
      throws IOException {
    var names = new ArrayList<String>();
    pictures.forEach(picture -> names.add(name(picture)));
    String text = text(table, MAX_TABLE_BYTES, problems);
    int number = 0;
    for (String line : text == null ? List.<String>of() : text.lines().toList()) {
      number++;
      if (!line.isBlank()) {
        String source = TABLE + " line " + number;
        try {
          readLine(JSON.readTree(line), source, names, problems);
        } catch (JsonProcessingException e) {
          problems.add(source + ": " + e.getOriginalMessage());
        }
      }
    }
  }

  private void readLine(
      JsonNode entry, String source, List<String> pictures, List<String> problems) {
    JsonNode file = entry.path("file_name");
    JsonNode caption = entry.has("text") ? entry.path("text") : entry.path("caption");
    if (!file.isTextual() || !caption.isTextual()) {
      problems.add(source + ": expected the texts \"file_name\" and \"text\"");
    } else if (!pictures.contains(file.asText())) {
      problems.add(source + ": no picture " + file.asText());
    } else {
      put(file.asText(), caption.asText(), source, problems);
    }
  }
}
