package dev.palimpsest.model;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.ParameterMatch;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/** Networks of the golden cases, runs of them, and comparisons with what the reference gave. */
final class GoldenNetworks {
  private static final String PUBLISHED = "/networks/text-encoders-and-vae.txt.gz";

  private GoldenNetworks() {}

  /** One area of the golden cases. */
  static GoldenArrays area(String name) {
    try {
      return GoldenArrays.read(name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The network that a case names. */
  static Component component(JsonNode goldenCase) {
    String[] model = goldenCase.get("model").asText().split("/", 2);
    try {
      return Checkpoint.readComponent(GoldenArrays.file(model[0], model[1]));
    } catch (CheckpointException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Session open(Graph graph, Weights weights) {
    return Session.open(graph, weights::get, Device.cpu(1));
  }

  /** The only output of a graph. */
  static Tensor run(Graph graph, Weights weights, Tensor input) {
    try (Session session = open(graph, weights)) {
      return run(session, input);
    }
  }

  /** The only output for the only input. */
  static Tensor run(Session session, Tensor input) {
    String name = session.inputs().keySet().iterator().next();
    return session.run(Map.of(name, input)).values().iterator().next();
  }

  static Tensor input(GoldenArrays arrays, JsonNode goldenCase, String name) {
    return arrays.array(goldenCase.get("inputs").get(name).get("key").asText());
  }

  /** Holds one expected array of a case against {@code got}, within the case's tolerance. */
  static void check(GoldenArrays arrays, JsonNode goldenCase, String name, Tensor got) {
    Tensor want = arrays.expected(goldenCase, name);
    JsonNode tolerance = goldenCase.get("tolerance");
    check(goldenCase.get("id").asText() + " " + name, want, got, tolerance);
  }

  private static void check(String what, Tensor want, Tensor got, JsonNode tolerance) {
    assertEquals(want.shape(), got.shape(), what);
    double atol = tolerance.get("atol").asDouble();
    double rtol = tolerance.get("rtol").asDouble();
    float[] w = want.floats();
    float[] g = got.floats();
    for (int i = 0; i < w.length; i++) {
      if (!(Math.abs(g[i] - w[i]) <= atol + rtol * Math.abs(w[i]))) {
        fail(what + "[" + i + "]: " + g[i] + " instead of " + w[i]);
      }
    }
  }

  /** Fails unless the weights are those that the graphs need together. */
  static void checkParameters(Weights weights, Graph... graphs) throws CheckpointException {
    ParameterMatch.check("network", parameters(graphs), weights);
  }

  static Map<String, Shape> parameters(Graph... graphs) {
    var shapes = new TreeMap<String, Shape>();
    for (Graph graph : graphs) {
      for (Map.Entry<String, Value> parameter : graph.parameters().entrySet()) {
        shapes.put(parameter.getKey(), parameter.getValue().shape());
      }
    }
    return shapes;
  }

  /**
   * The parameters of a published network, from a list that transformers 5.23.0 and diffusers
   * 0.42.1 gave: lines of network, name and shape, separated by tabs.
   */
  static Map<String, Shape> published(String network) {
    var shapes = new TreeMap<String, Shape>();
    try (InputStream file = GoldenNetworks.class.getResourceAsStream(PUBLISHED);
        var text = new GZIPInputStream(requireNonNull(file));
        var lines = new BufferedReader(new InputStreamReader(text, StandardCharsets.UTF_8))) {
      lines
          .lines()
          .map(line -> line.split("\t", -1))
          .filter(fields -> fields[0].equals(network))
          .forEach(fields -> shapes.put(fields[1], shape(fields[2])));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return shapes;
  }

  private static Shape shape(String text) {
    return Shape.of(Arrays.stream(text.split("x", -1)).mapToLong(Long::parseLong).toArray());
  }
}
