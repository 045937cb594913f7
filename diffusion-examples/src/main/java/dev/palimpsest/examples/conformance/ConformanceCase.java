package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One case of an area's manifest, its inputs and what it gives out. One thread, one use. */
final class ConformanceCase {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path family;
  private final Path area;
  private final JsonNode fields;
  private final AreaOutput.CaseOutput output;

  ConformanceCase(Path family, Path area, JsonNode fields, AreaOutput.CaseOutput output) {
    this.family = family;
    this.area = area;
    this.fields = fields;
    this.output = output;
  }

  String id() {
    return fields.get("id").asText();
  }

  /** Any field of the manifest; a missing node if absent. */
  JsonNode field(String name) {
    return fields.path(name);
  }

  /** A field of the manifest as a JSON object. */
  Map<String, Object> object(String name) {
    return asMap(fields.path(name));
  }

  @SuppressWarnings("unchecked") // JSON objects have string keys
  private static Map<String, Object> asMap(JsonNode node) {
    return node.isObject() ? JSON.convertValue(node, Map.class) : Map.of();
  }

  /** The case's model folder, or file. */
  Path model() {
    return family.resolve(fields.get("model").asText());
  }

  /** A folder or file beside the area's manifest. */
  Path inArea(String name) {
    return area.resolve(name);
  }

  Path inFamily(String name) {
    return family.resolve(name);
  }

  Config config(Path folder) throws IOException {
    return Config.read(folder.resolve("config.json"));
  }

  boolean has(String input) {
    return fields.path("inputs").has(input);
  }

  Tensor input(String name) throws IOException {
    String key = fields.path("inputs").path(name).path("key").asText();
    return arrays().orElseThrow().tensor(key);
  }

  Optional<Tensor> optionalInput(String name) throws IOException {
    return has(name) ? Optional.of(input(name)) : Optional.empty();
  }

  Map<String, Tensor> inputs() throws IOException {
    var inputs = new java.util.LinkedHashMap<String, Tensor>();
    var names = fields.path("inputs").fieldNames();
    while (names.hasNext()) {
      String name = names.next();
      inputs.put(name, input(name));
    }
    return inputs;
  }

  private Optional<Safetensors> arrays() throws IOException {
    JsonNode file = fields.path("arrays");
    return file.isTextual()
        ? Optional.of(Safetensors.read(area.resolve(file.asText())))
        : Optional.empty();
  }

  /** The recorded draws {@code noise.0}, {@code noise.1}, … in order. */
  List<Tensor> draws() throws IOException {
    var draws = new ArrayList<Tensor>();
    while (has("noise." + draws.size())) {
      draws.add(input("noise." + draws.size()));
    }
    return draws;
  }

  /**
   * Plays the draws of pictures {@code from} to {@code to} of a batch back. A draw that was made
   * once for all pictures of a prompt goes to each of them.
   */
  static NoiseSource replay(List<Tensor> draws, int from, int to) {
    var rest = new ArrayList<>(draws);
    return shape -> {
      if (rest.isEmpty()) {
        throw new IllegalStateException("all recorded draws are used; asked for " + shape);
      }
      Tensor next = rest.remove(0);
      if (next.shape().dim(0) == 1 && shape.dim(0) > 1) {
        return Tensor.concat(Collections.nCopies((int) shape.dim(0), next));
      }
      return next.shape().dim(0) == shape.dim(0) ? next : next.rows(from, to);
    };
  }

  /** The names of the arrays that the manifest lists as expected. */
  List<String> expected() {
    var names = new ArrayList<String>();
    fields.path("expected").fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Whether the manifest lists an array among the expected ones. */
  boolean asks(String name) {
    return fields.path("expected").has(name);
  }

  /** Gives a computed array out under its name, in the element type that the manifest states. */
  void put(String name, Tensor value) {
    JsonNode spec = fields.path("expected").path(name);
    String key = spec.path("key").asText(id() + "/out/" + name);
    output.put(
        fields.path("arrays").asText("values.safetensors"),
        name,
        key,
        as(spec.path("dtype").asText(), value));
  }

  private static Tensor as(String dtype, Tensor value) {
    return switch (dtype) {
      case "float32" -> value.dtype().isFloating() ? value.as(DType.FLOAT32) : value;
      case "float64" -> value.dtype().isFloating() ? value.as(DType.FLOAT64) : value;
      case "int64" ->
          value.dtype().isFloating()
              ? Tensor.of(
                  value.shape(), Arrays.stream(value.doubles()).mapToLong(Math::round).toArray())
              : value;
      default -> value;
    };
  }

  /** Gives arrays out that are stacked along a new first dimension. */
  void putStack(String name, List<Tensor> parts) {
    Shape shape = parts.get(0).shape();
    long[] dims = new long[shape.rank() + 1];
    dims[0] = 1;
    System.arraycopy(shape.toArray(), 0, dims, 1, shape.rank());
    var rows = new ArrayList<Tensor>();
    parts.forEach(part -> rows.add(part.reshape(Shape.of(dims))));
    put(name, Tensor.concat(rows));
  }

  /** Gives out what the manifest has inline. */
  void putValue(String name, Object value) {
    output.putValue(id(), name, JSON.valueToTree(value), fields.path(name));
  }

  /** The file for a picture that the case asks for. */
  Path picture(String name) {
    return output.folder().resolve(name);
  }

  /** The picture files that the case asks for. */
  List<String> pngOut() {
    var names = new ArrayList<String>();
    JsonNode node = fields.path("png_out");
    if (node.isTextual()) {
      names.add(node.asText());
    }
    node.forEach(name -> names.add(name.asText()));
    return names;
  }
}
