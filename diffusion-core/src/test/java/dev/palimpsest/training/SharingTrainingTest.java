package dev.palimpsest.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A trained layer before a frozen convolution and a frozen linear layer. */
class SharingTrainingTest {
  private static final Shape KERNELS = Shape.of(90, 90, 3, 3); // large enough to be shared
  private static final Shape LINEAR = Shape.of(300, 300);
  private static final Map<String, Tensor> BATCH =
      Map.of("x", NoiseSource.torch(1).gaussian(Shape.of(1, 90, 5, 60)));

  private final ByteBuffer memory = Tensor.allocate(DType.FLOAT32, KERNELS);
  private final Map<String, Tensor> frozen =
      Map.of(
          "kernels", direct(memory, KERNELS),
          "linear", direct(Tensor.allocate(DType.FLOAT32, LINEAR), LINEAR));

  private static Tensor direct(ByteBuffer memory, Shape shape) {
    float[] values = NoiseSource.torch(2).gaussian(shape).floats();
    for (int i = 0; i < values.length; i++) {
      memory.asFloatBuffer().put(i, values[i] / 20);
    }
    return Tensor.wrap(DType.FLOAT32, shape, memory);
  }

  private static TrainingGraph graph() {
    Value x = Value.input("x", DType.FLOAT32, Dims.of(Shape.of(1, 90, 5, 60)));
    Value scale = Value.parameter("scale", DType.FLOAT32, Shape.of(90, 1, 1));
    Value convolved =
        x.mul(scale).conv(Value.parameter("kernels", DType.FLOAT32, KERNELS), null, 1, 1);
    Value linear = Value.parameter("linear", DType.FLOAT32, LINEAR);
    Value out = convolved.reshape(90, 300).linear(linear, null);
    return TrainingGraph.of(
        Graph.of("network", TrainingGraph.LOSS, out.mul(out).mean(0, 1)), Set.of("scale"));
  }

  private TrainingSession open(TrainingGraph graph) {
    Tensor scale = NoiseSource.torch(3).gaussian(Shape.of(90, 1, 1));
    Trainables trainables = Trainables.of(Map.of("scale", scale));
    return TrainingSession.open(
        graph, trainables, name -> requireNonNull(frozen.get(name)), Device.cpu(2));
  }

  private static float[] gradient(TrainingSession session) {
    TrainingSession.Result result = session.run(BATCH, 1, new Cancellation());
    return requireNonNull(result.gradients().get("scale")).floats();
  }

  @Test
  void givesTheSameGradientsAndReadsWeightsWhereTheyLie() {
    try (TrainingSession copying = open(graph());
        TrainingSession sharing = open(graph().sharingWeights())) {
      float[] expected = gradient(copying);
      float[] shared = gradient(sharing);
      float largest = 0;
      for (float value : expected) {
        largest = Math.max(largest, Math.abs(value));
      }
      assertArrayEquals(expected, shared, 1e-5f * largest);
      for (int i = 0; i < memory.capacity() / Float.BYTES; i++) {
        memory.asFloatBuffer().put(i, 0);
      }
      assertArrayEquals(expected, gradient(copying));
      assertArrayEquals(new float[90], gradient(sharing));
    }
  }
}
