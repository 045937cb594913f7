package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.palimpsest.autodiff.Gradients;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Weights that a session reads where they lie. */
class SharedWeightsTest {
  private static final int WIDTH = 256; // large enough to be shared

  private static final Value X = Value.input("x", DType.FLOAT32, Dims.parse("rows", WIDTH));
  private static final Value W = Value.parameter("w", DType.FLOAT32, Shape.of(WIDTH, WIDTH));
  private static final Value B = Value.parameter("b", DType.FLOAT32, Shape.of(WIDTH));
  private static final Graph LINEAR = Graph.of("linear", "y", X.linear(W, B));

  private final ByteBuffer memory = Tensor.allocate(DType.FLOAT32, Shape.of(WIDTH, WIDTH));
  private final Tensor weight = direct(NoiseSource.torch(1).gaussian(Shape.of(WIDTH, WIDTH)));
  private final Tensor bias = NoiseSource.torch(2).gaussian(Shape.of(WIDTH));
  private final Tensor x = NoiseSource.torch(3).gaussian(Shape.of(5, WIDTH));

  private Tensor direct(Tensor tensor) {
    memory.asFloatBuffer().put(tensor.floats());
    return Tensor.wrap(DType.FLOAT32, tensor.shape(), memory);
  }

  private Session open(SessionSettings settings) {
    return Session.open(LINEAR, name -> name.equals("w") ? weight : bias, Device.cpu(2), settings);
  }

  private float[] run(Session session) {
    return requireNonNull(session.run(Map.of("x", x)).get("y")).floats();
  }

  @Test
  void giveWhatCopiedWeightsGive() {
    try (Session copied = open(SessionSettings.defaults());
        Session shared = open(SessionSettings.defaults().sharedWeights(true))) {
      assertArrayEquals(run(copied), run(shared), 1e-4f);
    }
  }

  @Test
  void areReadWhereTheyLie() {
    try (Session copied = open(SessionSettings.defaults());
        Session shared = open(SessionSettings.defaults().sharedWeights(true))) {
      float[] before = run(copied);
      memory.asFloatBuffer().put(0, memory.asFloatBuffer().get(0) + 1);
      assertArrayEquals(before, run(copied));
      assertNotEquals(before[0], run(shared)[0]);
    }
  }

  @Test
  void kernelsAreTurnedUnlessKept() {
    Value picture = Value.input("x", DType.FLOAT32, Dims.of(Shape.of(1, 4, 6, 5)));
    Value kernels = Value.parameter("w", DType.FLOAT32, Shape.of(8, 4, 3, 3));
    Value out = picture.conv(kernels, null, 1, 1);
    Value cotangent = Value.input("dy", DType.FLOAT32, Dims.of(Shape.of(1, 8, 6, 5)));
    List<Value> wanted = Gradients.of(List.of(out), List.of(cotangent), List.of(picture));
    Graph gradient = Graph.of("gradient", "dx", wanted.get(0));
    assertEquals(Set.of(), gradient.lowered(Map.of(), Map.of()).factors());
    assertEquals(Set.of("w"), gradient.lowered(Map.of(), Map.of(), Set.of("w")).factors());
  }

  @Test
  void areFactorsOfProductsOnly() {
    assertEquals(Set.of("w"), LINEAR.lowered(Map.of(), Map.of()).factors());
    Graph both = Graph.of("both", Map.of("y", X.linear(W, B), "z", X.linear(W.mul(2), B)));
    assertEquals(Set.of(), both.lowered(Map.of(), Map.of()).factors());
  }
}
