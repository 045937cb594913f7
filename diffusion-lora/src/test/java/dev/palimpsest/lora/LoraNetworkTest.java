package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.lora.LoraNetwork.TextMatrices;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Against torch 2.15.0, diffusers 0.42.1 and peft 0.21.2; golden/lora/train.py made the numbers.
 */
class LoraNetworkTest {
  private static final int STEPS = 3;
  private static final int BATCH = 2;
  private static final int TOKENS = 8;

  private final Checkpoint base = TestModels.checkpoint(3);
  private final Safetensors golden = golden();
  private final DiffusionLoss loss =
      DiffusionLoss.weighted(
          NoiseSchedule.scaledLinear(1000, 0.00085, 0.012), PredictionType.EPSILON, 5);

  private static Safetensors golden() {
    var file = LoraNetworkTest.class.getResource("/golden/lora/train.safetensors");
    try {
      return Safetensors.read(Path.of(Objects.requireNonNull(file).toURI()));
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private Weights weights(String prefix) {
    Map<String, Tensor> weights = new TreeMap<>();
    golden.names().stream()
        .filter(name -> name.startsWith(prefix))
        .forEach(name -> weights.put(name.substring(prefix.length()), golden.tensor(name)));
    return Weights.of(weights);
  }

  private Tensor part(String name, long index) {
    Tensor row = golden.tensor(name).rows((int) index, (int) index + 1);
    long[] sizes = row.shape().toArray();
    return row.reshape(Shape.of(Arrays.copyOfRange(sizes, 1, sizes.length)));
  }

  private Map<String, Tensor> batch(long position) {
    Tensor timesteps = part("timesteps", position);
    int[] steps = Arrays.stream(timesteps.longs()).mapToInt(Math::toIntExact).toArray();
    var batch =
        new HashMap<>(loss.inputs(part("latents", position), part("noise", position), steps));
    batch.put("timestep", Tensor.of(timesteps.shape(), timesteps.floats()));
    batch.put("input_ids", part("ids", position));
    return batch;
  }

  @Test
  void lossesAndMatricesArePefts(@TempDir Path folder) throws IOException {
    LoraTargets targets =
        new LoraTargets(
            List.of("to_q", "to_k", "to_v", "to_out.0", "conv1"),
            List.of("q_proj", "k_proj", "v_proj", "out_proj"));
    LoraNetwork network = LoraNetwork.of(base, targets, TextMatrices.TRAINED, 2).alpha(3);
    Weights initial = weights("init/");
    assertEquals(initial.names(), network.initial(1).names());
    var graph =
        TrainingGraph.of(network.graph(loss, Shape.of(BATCH, 4, 8, 8), TOKENS), initial.names());
    float[] losses = golden.tensor("losses").floats();
    TrainingResult result;
    try (TrainingRun run =
        TrainingRun.builder(graph, initial, (position, random) -> batch(position))
            .frozen(network.frozen())
            .noClipping()
            .learningRate(LearningRate.constant(2e-3))
            .rates(name -> name.startsWith("unet.") ? 1 : 0.5)
            .device(Device.cpu(1))
            .steps(STEPS)
            .open(folder)) {
      result =
          run.train(
              step -> {
                float wanted = losses[(int) step.step() - 1];
                assertEquals(wanted, step.loss(), 2e-5 * wanted);
              });
    }
    Weights wanted = weights("final/");
    int outside = 0;
    int all = 0;
    for (String name : wanted.names()) {
      float[] want = wanted.get(name).floats();
      float[] got = result.weights().get(name).floats();
      for (int i = 0; i < want.length; i++) {
        // Adam divides by the gradient's size: where that is rounding, a step goes anywhere.
        assertEquals(want[i], got[i], 2 * STEPS * 2e-3, name);
        outside += Math.abs(want[i] - got[i]) > 2e-5 + 1e-3 * Math.abs(want[i]) ? 1 : 0;
        all++;
      }
    }
    assertTrue(outside <= 0.005 * all, outside + " of " + all);
  }

  @Test
  void rowsOfPriorsAreHeldToTheNetworkWithoutTheLora(@TempDir Path folder) throws IOException {
    LoraNetwork network =
        LoraNetwork.of(base, LoraTargets.ATTENTION, TextMatrices.FROZEN, 2).priorPrediction();
    Weights begun = network.initial(1);
    double own = firstLoss(network, begun, List.of(false, false), folder.resolve("own"));
    assertEquals(golden.tensor("losses").floats()[0], own, 2e-5 * own);
    double held = firstLoss(network, begun, List.of(true, true), folder.resolve("held"));
    assertEquals(0, held, 1e-10);

    Map<String, Tensor> moved = new TreeMap<>();
    for (String name : begun.names()) {
      Tensor matrix = begun.get(name);
      moved.put(name, name.contains("lora_B") ? filled(matrix.shape()) : matrix);
    }
    Weights acting = Weights.of(moved);
    double first = firstLoss(network, acting, List.of(true, false), folder.resolve("first"));
    double second = firstLoss(network, acting, List.of(false, true), folder.resolve("second"));
    double neither = firstLoss(network, acting, List.of(false, false), folder.resolve("neither"));
    double both = firstLoss(network, acting, List.of(true, true), folder.resolve("both"));
    assertEquals(neither + both, first + second, 1e-5 * neither);
    assertTrue(both > 1e-6, "" + both);
  }

  private static Tensor filled(Shape shape) {
    float[] values = new float[Math.toIntExact(shape.elements())];
    Arrays.fill(values, 0.05f);
    return Tensor.of(shape, values);
  }

  private double firstLoss(LoraNetwork network, Weights matrices, List<Boolean> prior, Path folder)
      throws IOException {
    var graph =
        TrainingGraph.of(network.graph(loss, Shape.of(BATCH, 4, 8, 8), TOKENS), matrices.names());
    var losses = new ArrayList<Double>();
    try (TrainingRun run =
        TrainingRun.builder(
                graph,
                matrices,
                (position, random) -> PriorPrediction.inputs(batch(position), prior))
            .frozen(network.frozen())
            .learningRate(LearningRate.constant(1e-3))
            .device(Device.cpu(1))
            .steps(1)
            .open(folder)) {
      run.train(step -> losses.add((double) step.loss()));
    }
    return losses.get(0);
  }

  @Test
  void matricesBeginAsPefts() {
    LoraNetwork network = LoraNetwork.of(base, LoraTargets.ATTENTION, TextMatrices.FROZEN, 4);
    Weights start = network.initial(7);
    assertTrue(network.targets().stream().allMatch(t -> t.component().equals("unet")));
    for (LoraTarget target : network.targets()) {
      Tensor down = start.get(target + ".lora_A.weight");
      double bound = 1 / Math.sqrt(down.shape().dim(1));
      double largest = 0;
      for (float value : down.floats()) {
        largest = Math.max(largest, Math.abs(value));
      }
      assertTrue(largest <= bound && largest > bound / 2, target::toString);
      for (float value : start.get(target + ".lora_B.weight").floats()) {
        assertEquals(0, value);
      }
    }
  }

  @Test
  void impossibleNetworksAreRefused() {
    for (Runnable call :
        List.<Runnable>of(
            () -> LoraNetwork.of(base, LoraTargets.ATTENTION, TextMatrices.FROZEN, 0),
            () -> LoraNetwork.of(base, LoraTargets.of("fc1"), TextMatrices.FROZEN, 1),
            () -> LoraTargets.of())) {
      assertThrows(IllegalArgumentException.class, call::run);
    }
  }
}
