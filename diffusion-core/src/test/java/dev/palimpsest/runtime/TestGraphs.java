package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import java.util.Random;

/** Small graphs for tests. */
final class TestGraphs {
  /** y = x·w, x of any number of rows. */
  static final Graph PRODUCT =
      Graph.of(
          "product",
          "y",
          Value.input("x", DType.FLOAT32, Dims.parse("rows", 2))
              .matmul(Value.parameter("w", DType.FLOAT32, Shape.of(2, 3))));

  static final Tensor WEIGHT = Tensor.of(Shape.of(2, 3), 1f, 2, 3, 4, 5, 6);

  private static final int WIDTH = 512;

  private TestGraphs() {}

  static Session product() {
    return Session.open(PRODUCT, name -> WEIGHT, Device.cpu(1));
  }

  static Tensor run(Session session, Tensor x) {
    return requireNonNull(session.run(Map.of("x", x)).get("y"));
  }

  /** A chain of {@code layers} matrix products, each a few milliseconds. */
  static Session chain(int layers, Device device) {
    Value weight = Value.parameter("w", DType.FLOAT32, Shape.of(WIDTH, WIDTH));
    Value x = Value.input("x", DType.FLOAT32, Dims.parse("rows", WIDTH));
    for (int i = 0; i < layers; i++) {
      x = x.matmul(weight).tanh();
    }
    return Session.open(
        Graph.of("chain", "y", x), name -> random(Shape.of(WIDTH, WIDTH), 1), device);
  }

  static Tensor chainInput(long seed) {
    return random(Shape.of(WIDTH, WIDTH), seed);
  }

  static Tensor random(Shape shape, long seed) {
    var random = new Random(seed);
    float[] values = new float[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * 0.05f;
    }
    return Tensor.of(shape, values);
  }
}
