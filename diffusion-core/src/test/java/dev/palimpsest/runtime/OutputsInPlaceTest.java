package dev.palimpsest.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Outputs in memory of the caller's. */
class OutputsInPlaceTest {
  private static final Tensor X = Tensor.of(Shape.of(1, 2), 1f, 10);

  private static Tensor direct(DType dtype, Shape shape) {
    return Tensor.wrap(dtype, shape, Tensor.allocate(dtype, shape));
  }

  private static void run(Session session, String output, Tensor into) {
    session.run(Map.of("x", X), Map.of(output, into), new Cancellation());
  }

  @Test
  void oneRunWritesOverTheOneBefore() {
    Tensor out = direct(DType.FLOAT32, Shape.of(1, 3));
    try (Session session = TestGraphs.product()) {
      run(session, "y", out);
      assertArrayEquals(new float[] {41, 52, 63}, out.floats());
      session.run(
          Map.of("x", Tensor.of(Shape.of(1, 2), 0f, 1)), Map.of("y", out), new Cancellation());
      assertArrayEquals(new float[] {4, 5, 6}, out.floats());
    }
  }

  @Test
  void whatCannotHoldAnOutputIsRefused() {
    try (Session session = TestGraphs.product()) {
      Tensor heap = Tensor.of(Shape.of(1, 3), 0f, 0, 0);
      var e = assertThrows(IllegalArgumentException.class, () -> run(session, "y", heap));
      assertTrue(String.valueOf(e.getMessage()).contains("must be direct"), e.getMessage());
      Tensor wrongType = direct(DType.FLOAT64, Shape.of(1, 3));
      assertThrows(IllegalArgumentException.class, () -> run(session, "y", wrongType));
      Tensor good = direct(DType.FLOAT32, Shape.of(1, 3));
      e = assertThrows(IllegalArgumentException.class, () -> run(session, "z", good));
      assertTrue(String.valueOf(e.getMessage()).contains("output z"), e.getMessage());
      Tensor small = direct(DType.FLOAT32, Shape.of(1, 2));
      assertThrows(InferenceException.class, () -> run(session, "y", small));
    }
  }
}
