package dev.palimpsest.training;

import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/** Two layers that learn a random map: a training whose steps take about a millisecond. */
final class TinyTraining {
  static final Set<String> TRAINED = Set.of("first.weight", "second.weight", "second.bias");

  private TinyTraining() {}

  static Graph network() {
    return network(8);
  }

  static Graph network(long rows) {
    Value x = Value.input("x", DType.FLOAT32, Dims.of(rows, 6));
    Value y = Value.input("y", DType.FLOAT32, Dims.of(rows, 3));
    Value first = Value.parameter("first.weight", DType.FLOAT32, Shape.of(10, 6));
    Value scale = Value.parameter("scale", DType.FLOAT32, Shape.of(10));
    Value second = Value.parameter("second.weight", DType.FLOAT32, Shape.of(3, 10));
    Value bias = Value.parameter("second.bias", DType.FLOAT32, Shape.of(3));
    Value hidden = x.linear(first, null).silu().mul(scale);
    Value out = hidden.linear(second, bias);
    return Graph.of("tiny", Map.of("loss", Losses.meanSquaredError(out, y), "out", out));
  }

  static TrainingGraph graph() {
    return TrainingGraph.of(network(), TRAINED);
  }

  static Weights weights() {
    float[] scale = new float[10];
    Arrays.fill(scale, 0.9f); // no float16
    Weights weights = Initialization.torch(network(), 3);
    return weights.with(
        WeightLayer.replacing("scale", "tiny", Map.of("scale", Tensor.of(Shape.of(10), scale))));
  }

  static Map<String, Tensor> batch(long position, SeededStream random) {
    return batchOf(8, random);
  }

  static Map<String, Tensor> batchOf(int rows, SeededStream random) {
    Tensor x = random.gaussian(Shape.of(rows, 6));
    float[] values = new float[3 * rows];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.tanh(x.floats()[i / 3 * 6 + i % 3]) * 2;
    }
    return Map.of("x", x, "y", Tensor.of(Shape.of(rows, 3), values));
  }

  static TrainingRunBuilder builder() {
    return builder(graph());
  }

  static TrainingRunBuilder builder(TrainingGraph graph) {
    return builder(GraphSource.of(graph), TinyTraining::batch);
  }

  /** Batches of 8 rows and of 4, two of each in turn. */
  static TrainingRunBuilder ofTwoSizes() {
    TrainingGraph eight = graph();
    TrainingGraph four = TrainingGraph.of(network(4), TRAINED);
    return builder(
        position -> rows(position) == 8 ? eight : four,
        (position, random) -> batchOf(rows(position), random));
  }

  private static int rows(long position) {
    return position / 2 % 2 == 0 ? 8 : 4;
  }

  private static TrainingRunBuilder builder(GraphSource graphs, BatchSource batches) {
    return TrainingRun.builder(graphs, weights(), batches)
        .frozen(weights())
        .learningRate(LearningRate.cosine(1e-2, 40).warmup(4))
        .ema(Ema.of(0.9))
        .device(Device.cpu(1))
        .seed(9)
        .saveEvery(5)
        .steps(40);
  }
}
