package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** What an area's cases gave: arrays by file and key, and values by case. Written at the end. */
final class AreaOutput {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  private final Path folder;
  private final Map<String, Map<String, Tensor>> arrays = new TreeMap<>();
  private final Map<String, Map<String, JsonNode>> values = new TreeMap<>();

  AreaOutput(Path folder) {
    this.folder = folder;
  }

  Path folder() {
    return folder;
  }

  /** Where one case puts its results, which are compared as they come. */
  CaseOutput forCase(Comparison comparison) {
    return new CaseOutput(this, comparison);
  }

  /** The results of one case. */
  record CaseOutput(AreaOutput area, Comparison comparison) {
    Path folder() {
      return area.folder;
    }

    void put(String file, String name, String key, Tensor value) {
      area.arrays.computeIfAbsent(file, f -> new TreeMap<>()).put(key, value);
      comparison.array(name, key, value);
    }

    void putValue(String id, String name, JsonNode value, JsonNode expected) {
      area.values.computeIfAbsent(id, i -> new TreeMap<>()).put(name, value);
      comparison.value(name, value, expected);
    }
  }

  void write() throws IOException {
    Files.createDirectories(folder);
    for (Map.Entry<String, Map<String, Tensor>> file : arrays.entrySet()) {
      Safetensors.write(folder.resolve(file.getKey()), file.getValue(), Map.of());
    }
    if (!values.isEmpty()) {
      JSON.writeValue(folder.resolve("values.json").toFile(), values);
    }
  }
}
