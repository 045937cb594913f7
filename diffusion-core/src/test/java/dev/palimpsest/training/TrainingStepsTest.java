package dev.palimpsest.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against torch 2.15.0 and diffusers 0.42.1; golden/training/steps.py made the numbers. */
class TrainingStepsTest {
  static final Safetensors GOLDEN = Numbers.golden("steps");

  private static final Config UNET =
      Config.of(
          Map.of(
              "sample_size", 8,
              "in_channels", 2,
              "out_channels", 2,
              "layers_per_block", 1,
              "block_out_channels", List.of(8, 16),
              "down_block_types", List.of("DownBlock2D", "AttnDownBlock2D"),
              "up_block_types", List.of("AttnUpBlock2D", "UpBlock2D"),
              "norm_num_groups", 4,
              "num_class_embeds", 5));

  /** The network with its loss, for batches of three. */
  static Graph network() {
    Graph unet =
        UNet2DModel.graph(UNET)
            .bind(Map.of("batch", 3L, "height", 8L, "width", 8L, "timesteps", 3L));
    Value prediction = Objects.requireNonNull(unet.outputs().get("out_sample"));
    Value target = Value.input("target", DType.FLOAT32, prediction.dims());
    return Graph.of("unet", "loss", Losses.meanSquaredError(prediction, target));
  }

  static Weights weights(String prefix) {
    Map<String, Tensor> weights = new TreeMap<>();
    GOLDEN.names().stream()
        .filter(name -> name.startsWith(prefix))
        .forEach(name -> weights.put(name.substring(prefix.length()), GOLDEN.tensor(name)));
    return Weights.of(weights);
  }

  static Map<String, Tensor> batch(long position, SeededStream random) {
    int i = (int) position;
    return Map.of(
        "sample", row("sample", i),
        "target", row("target", i),
        "timestep", row("timestep", i),
        "class_labels", row("labels", i));
  }

  private static Tensor row(String name, int i) {
    Tensor row = GOLDEN.tensor(name).rows(i, i + 1);
    long[] dims = row.shape().toArray();
    return row.reshape(
        dev.palimpsest.tensor.Shape.of(java.util.Arrays.copyOfRange(dims, 1, dims.length)));
  }

  static TrainingRunBuilder builder(TrainingGraph graph) {
    return TrainingRun.builder(graph, weights("initial/"), TrainingStepsTest::batch)
        .learningRate(LearningRate.constant(1e-2).warmup(3))
        .clip(0.5)
        .accumulate(2)
        .device(Device.cpu(2))
        .steps(6);
  }

  @Test
  void lossesNormsAndWeightsAreTorchs(@TempDir Path folder) throws IOException {
    Graph network = network();
    var graph = TrainingGraph.of(network, network.parameters().keySet());
    float[] losses = GOLDEN.tensor("losses").floats();
    float[] norms = GOLDEN.tensor("norms").floats();
    var steps = new ArrayList<Long>();
    try (TrainingRun run = builder(graph).open(folder)) {
      TrainingResult result =
          run.train(
              step -> {
                int i = (int) step.step() - 1;
                assertEquals(losses[i], step.loss(), 2e-5 * losses[i], "loss " + i);
                assertEquals(norms[i], step.gradientNorm(), 1e-4 * norms[i], "norm " + i);
                steps.add(step.step());
              });
      assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), steps);
      Weights expected = weights("final/");
      assertEquals(expected.names(), result.weights().names());
      for (String name : expected.names()) {
        // Adam divides by the gradient's size, so rounding of tiny gradients shows in the weights.
        float[] actual = result.weights().get(name).floats();
        float[] wanted = expected.get(name).floats();
        for (int i = 0; i < wanted.length; i++) {
          assertEquals(wanted[i], actual[i], 1e-3, name + " at " + i);
        }
      }
    }
  }
}
