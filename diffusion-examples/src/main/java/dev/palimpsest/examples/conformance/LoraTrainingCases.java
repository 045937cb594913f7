package dev.palimpsest.examples.conformance;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.lora.LoraNetwork;
import dev.palimpsest.lora.LoraTargets;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.AdamW;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.Trainables;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import dev.palimpsest.training.TrainingSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The trainings of area {@code lora}: losses, first gradients and final matrices. */
final class LoraTrainingCases {
  private static final String INITIAL = "init/";
  private static final String FIRST = "first_grad/";
  private static final String FINAL = "final/";

  private final ConformanceCase c;
  private final LoraNetwork network;
  private final DiffusionLoss loss;
  private final TrainingGraph graph;
  private final Map<String, Tensor> initial;

  private LoraTrainingCases(ConformanceCase c) throws IOException {
    this.c = c;
    List<String> text = strings(c.field("text_targets"));
    network =
        LoraNetwork.of(
                Checkpoint.read(c.model()),
                new LoraTargets(strings(c.field("unet_targets")), text),
                text.isEmpty() ? LoraNetwork.TextMatrices.FROZEN : LoraNetwork.TextMatrices.TRAINED,
                c.field("r").asInt())
            .alpha(c.field("lora_alpha").asDouble());
    SchedulerConfig scheduler = Schedulers.fromConfig(c.object("scheduler"));
    loss =
        DiffusionLoss.weighted(
            scheduler.noiseSchedule(),
            scheduler.predictionType(),
            c.field("snr_gamma").asDouble(0));
    int tokens = (int) c.input("input_ids").shape().dim(2);
    initial = prefixed(INITIAL);
    Shape latents = part("latents", 0).shape();
    graph = TrainingGraph.of(network.graph(loss, latents, tokens), initial.keySet());
  }

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("lora_train", c -> new LoraTrainingCases(c).run());
  }

  private static List<String> strings(JsonNode names) {
    List<String> strings = new ArrayList<>();
    names.forEach(name -> strings.add(name.asText()));
    return strings;
  }

  private Map<String, Tensor> prefixed(String prefix) throws IOException {
    Map<String, Tensor> tensors = new HashMap<>();
    c.inputs()
        .forEach(
            (name, tensor) -> {
              if (name.startsWith(prefix)) {
                tensors.put(name.substring(prefix.length()), tensor);
              }
            });
    return tensors;
  }

  /** One batch of what is stored for all. */
  private Tensor part(String name, int batch) throws IOException {
    Tensor row = c.input(name).rows(batch, batch + 1);
    long[] sizes = row.shape().toArray();
    return row.reshape(Shape.of(Arrays.copyOfRange(sizes, 1, sizes.length)));
  }

  private Map<String, Tensor> batch(int index) throws IOException {
    Tensor timesteps = part("timesteps", index);
    int[] steps = Arrays.stream(timesteps.longs()).mapToInt(Math::toIntExact).toArray();
    var batch = new HashMap<>(loss.inputs(part("latents", index), part("noise", index), steps));
    batch.put("timestep", Tensor.of(timesteps.shape(), timesteps.floats()));
    batch.put("input_ids", part("input_ids", index));
    return batch;
  }

  private void run() throws IOException {
    List<Map<String, Tensor>> batches = new ArrayList<>();
    int steps = c.field("optimizer_steps").asInt();
    for (int i = 0; i < steps * c.field("gradient_accumulation").asInt(); i++) {
      batches.add(batch(i));
    }
    Weights frozen = network.frozen();
    try (var session =
        TrainingSession.open(graph, Trainables.of(initial), frozen::get, Device.cpu())) {
      session
          .run(batches.get(0), 1, new Cancellation())
          .gradients()
          .forEach((name, gradient) -> c.put(FIRST + name, gradient));
    }
    Path folder = Files.createTempDirectory("palimpsest");
    try {
      train(folder, batches, steps, frozen);
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  private void train(Path folder, List<Map<String, Tensor>> batches, int steps, Weights frozen)
      throws IOException {
    float[] losses = new float[steps];
    try (TrainingRun run =
        TrainingRun.builder(
                graph,
                Weights.of(initial),
                (position, random) -> requireNonNull(batches.get((int) position)))
            .frozen(frozen)
            .optimizer(AdamW.defaults())
            .learningRate(LearningRate.constant(c.field("optimizer").path("lr").asDouble()))
            .clip(c.field("max_grad_norm").asDouble(Double.MAX_VALUE))
            .accumulate(c.field("gradient_accumulation").asInt())
            .steps(steps)
            .open(folder)) {
      TrainingResult result = run.train(step -> losses[(int) step.step() - 1] = step.loss());
      c.put("losses", Tensor.of(Shape.of(steps), losses));
      Weights trained = result.weights();
      trained.names().forEach(name -> c.put(FINAL + name, trained.get(name)));
    }
  }
}
