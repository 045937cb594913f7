package dev.palimpsest.tensor;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.stream.StreamSupport;

/** One area of the golden cases in the test resources: its manifest and arrays. */
public final class GoldenArrays {
  private static final Map<String, DType> DTYPES =
      Map.of("F32", DType.FLOAT32, "U8", DType.UINT8, "I64", DType.INT64, "F64", DType.FLOAT64);

  private final JsonNode manifest;
  private final JsonNode header;
  private final ByteBuffer data;

  private GoldenArrays(JsonNode manifest, JsonNode header, ByteBuffer data) {
    this.manifest = manifest;
    this.header = header;
    this.data = data;
  }

  public static GoldenArrays read(String area) {
    var json = new ObjectMapper();
    try {
      ByteBuffer file =
          ByteBuffer.wrap(resource("/golden/" + area + "/" + area + ".safetensors"))
              .order(ByteOrder.LITTLE_ENDIAN);
      byte[] header = new byte[Math.toIntExact(file.getLong())];
      file.get(header);
      return new GoldenArrays(
          json.readTree(resource("/golden/" + area + "/manifest.json")),
          json.readTree(header),
          file.slice());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  public static byte[] resource(String path) throws IOException {
    try (InputStream in = GoldenArrays.class.getResourceAsStream(path)) {
      return requireNonNull(in, path).readAllBytes();
    }
  }

  /** The cases of one kind. */
  public Iterable<JsonNode> cases(String kind) {
    return () ->
        StreamSupport.stream(manifest.get("cases").spliterator(), false)
            .filter(c -> c.get("kind").asText().equals(kind))
            .iterator();
  }

  public Tensor array(String key) {
    JsonNode entry = requireNonNull(header.get(key), key);
    int from = entry.get("data_offsets").get(0).asInt();
    int to = entry.get("data_offsets").get(1).asInt();
    DType dtype = requireNonNull(DTYPES.get(entry.get("dtype").asText()));
    return Tensor.wrap(dtype, shape(entry.get("shape")), data.slice(from, to - from));
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
