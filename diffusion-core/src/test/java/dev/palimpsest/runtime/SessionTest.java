package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SessionTest {
  /** y = x·w, x of any number of rows. */
  private static final Graph PRODUCT =
      Graph.of(
          "product",
          "y",
          Value.input("x", DType.FLOAT32, Dims.parse("rows", 2))
              .matmul(Value.parameter("w", DType.FLOAT32, Shape.of(2, 3))));

  private static final Tensor WEIGHT = Tensor.of(Shape.of(2, 3), 1f, 2, 3, 4, 5, 6);

  @Test
  void computesWithWeights() {
    try (Session session = Session.open(PRODUCT, name -> WEIGHT, Device.cpu(1))) {
      Tensor y = run(session, Tensor.of(Shape.of(1, 2), 1f, 10));
      assertEquals(Shape.of(1, 3), y.shape());
      assertArrayEquals(new float[] {41, 52, 63}, y.floats());
    }
  }

  private static Tensor run(Session session, Tensor x) {
    return requireNonNull(session.run(Map.of("x", x)).get("y"));
  }
}
