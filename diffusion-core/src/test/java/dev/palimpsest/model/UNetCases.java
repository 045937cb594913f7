package dev.palimpsest.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/** The cases that {@code golden/unets/make_unets.py} wrote. */
final class UNetCases {
  private static final ObjectMapper JSON = new ObjectMapper();

  private UNetCases() {}

  /** A network by its parameters in the reference. */
  record Network(String name, Config config, Map<String, Shape> parameters) {}

  static List<Network> networks() throws IOException {
    var out = new ArrayList<Network>();
    Path file = GoldenArrays.file("unets", "parameters.txt.gz");
    try (var gzip = new GZIPInputStream(Files.newInputStream(file))) {
      String text = new String(gzip.readAllBytes(), UTF_8);
      for (String line : text.lines().toList()) {
        String[] parts = line.split(" ", 3);
        if (parts[0].equals("#")) {
          out.add(new Network(parts[1], config(JSON.readTree(parts[2])), new TreeMap<>()));
        } else {
          long[] sizes = JSON.readValue("[" + parts[1] + "]", long[].class);
          out.get(out.size() - 1).parameters().put(parts[0], Shape.of(sizes));
        }
      }
    }
    return out;
  }

  static Config config(JsonNode json) {
    return Config.of(JSON.convertValue(json, new TypeReference<Map<String, Object>>() {}));
  }

  /** The weights that the script gives a network: functions of names, shapes and the seed. */
  static Map<String, Tensor> weights(Graph graph, long seed) {
    var names = new TreeMap<String, Shape>();
    graph.parameters().forEach((name, value) -> names.put(name, value.shape()));
    var generator = new TorchGenerator(seed);
    var out = new LinkedHashMap<String, Tensor>();
    names.forEach(
        (name, shape) -> {
          float[] values = generator.randn(shape).floats().clone();
          boolean matrix = shape.rank() > 1;
          float scale = matrix ? (float) (1 / Math.sqrt(shape.elements() / shape.dim(0))) : 0.1f;
          float offset = !matrix && name.endsWith(".weight") ? 1 : 0;
          for (int i = 0; i < values.length; i++) {
            values[i] = values[i] * scale + offset;
          }
          out.put(name, Tensor.of(shape, values));
        });
    return out;
  }

  /** A case's inputs, in the types and ranks that the graph takes. */
  static Map<String, Tensor> inputs(GoldenArrays arrays, JsonNode goldenCase, Graph graph) {
    var out = new LinkedHashMap<String, Tensor>();
    goldenCase
        .get("inputs")
        .fields()
        .forEachRemaining(
            field -> {
              Tensor tensor = arrays.array(field.getValue().get("key").asText());
              if (field.getKey().equals("timestep")) {
                tensor = tensor.reshape(Shape.of(tensor.elements()));
              }
              if (graph.inputs().containsKey(field.getKey())) {
                var dtype = requireNonNull(graph.inputs().get(field.getKey())).dtype();
                out.put(field.getKey(), tensor.dtype() == dtype ? tensor : real(tensor));
              }
            });
    return out;
  }

  private static Tensor real(Tensor integers) {
    double[] values = Arrays.stream(integers.longs()).asDoubleStream().toArray();
    return Tensor.of(integers.shape(), values).as(DType.FLOAT32);
  }

  /** The largest of |got - want| / (atol + rtol·|want|). */
  static double excess(Tensor got, Tensor want, double atol, double rtol) {
    float[] a = got.floats();
    float[] b = want.floats();
    double worst = 0;
    for (int i = 0; i < b.length; i++) {
      double error = Math.abs(a[i] - b[i]) / (atol + rtol * Math.abs(b[i]));
      worst = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
    }
    return worst;
  }
}
