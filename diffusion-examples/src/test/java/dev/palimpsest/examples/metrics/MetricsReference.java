package dev.palimpsest.examples.metrics;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;

/** What reference.py computed with NumPy. */
final class MetricsReference {
  private MetricsReference() {}

  static JsonNode read() {
    try (var in = MetricsReference.class.getResourceAsStream("reference.json")) {
      return new ObjectMapper().readTree(requireNonNull(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static FeatureSet set(String name) {
    JsonNode rows = read().get(name);
    int width = rows.get(0).size();
    double[] values = new double[rows.size() * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = rows.get(i / width).get(i % width).asDouble();
    }
    return FeatureSet.of(Tensor.of(Shape.of(rows.size(), width), values));
  }

  static FeatureSet rows(int width, double... values) {
    return FeatureSet.of(Tensor.of(Shape.of(values.length / width, width), values));
  }
}
