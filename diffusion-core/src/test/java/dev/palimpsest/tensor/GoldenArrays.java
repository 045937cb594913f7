package dev.palimpsest.tensor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.GoldenFolder;
import dev.palimpsest.checkpoint.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.StreamSupport;

/**
 * One area of the golden cases in the test resources: its manifest and arrays. {@code
 * golden/AREA.zip} holds them; the script that made them, where there is one, lies in {@code
 * golden/AREA}.
 */
public final class GoldenArrays {
  private final JsonNode manifest;
  private final Safetensors arrays;

  private GoldenArrays(JsonNode manifest, Safetensors arrays) {
    this.manifest = manifest;
    this.arrays = arrays;
  }

  public static GoldenArrays read(String area) throws IOException {
    JsonNode manifest = new ObjectMapper().readTree(file(area, "manifest.json").toFile());
    return new GoldenArrays(manifest, Safetensors.read(file(area, area + ".safetensors")));
  }

  /** A file of an area. */
  public static Path file(String area, String name) {
    return GoldenFolder.of("/golden/" + area + ".zip").resolve(name);
  }

  /** The cases of one kind. */
  public Iterable<JsonNode> cases(String kind) {
    return () ->
        StreamSupport.stream(manifest.get("cases").spliterator(), false)
            .filter(c -> c.get("kind").asText().equals(kind))
            .iterator();
  }

  public Tensor array(String key) {
    return arrays.tensor(key);
  }

  /** The array that a case expects under {@code name}. */
  public Tensor expected(JsonNode goldenCase, String name) {
    return array(goldenCase.get("expected").get(name).get("key").asText());
  }

  public static Shape shape(JsonNode dims) {
    return Shape.of(
        StreamSupport.stream(dims.spliterator(), false).mapToLong(JsonNode::asLong).toArray());
  }
}
