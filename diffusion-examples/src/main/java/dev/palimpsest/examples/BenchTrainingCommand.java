package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.math.Quantiles;
import dev.palimpsest.AdapterScale;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.runtime.RuntimeInfo;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.Losses;
import dev.palimpsest.training.Recompute;
import dev.palimpsest.training.Trainables;
import dev.palimpsest.training.TrainingGraph;
import dev.palimpsest.training.TrainingSession;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Times and memory of training steps: forward and backward, without the optimizer. */
@Command(
    name = "bench-training",
    mixinStandardHelpOptions = true,
    description = "Measures forward and backward of a text-conditional U-Net, and memory.",
    footer = {
      "",
      "Prints one JSON object: loss, open_s (from the files to an open session), first_step_s, step_s"
          + " (median of the others), steps_s, step_cpu_s, steps_cpu_s (processor time of all"
          + " threads), base_anon_bytes (before anything is opened), open_peak_anon_bytes (while"
          + " opening), open_anon_bytes (open), steps_peak_anon_bytes (while stepping),"
          + " peak_rss_bytes, peak_anon_bytes, peak_file_bytes, parameters, trained, operators."
    })
final class BenchTrainingCommand implements Callable<Integer> {
  private static final String TARGET = "target";
  private static final String UNET = "unet";
  private static final Pattern ATTENTION =
      Pattern.compile(".*\\.attn[12]\\.to_(q|k|v|out\\.0)\\.weight");

  /** Which weights are trained. */
  enum Trained {
    /** Those of the attention's linear layers, as adapters have them. */
    ATTENTION,
    ALL
  }

  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--unet",
      paramLabel = "DIR",
      required = true,
      description = "A folder with config.json and weights of a UNet2DConditionModel.")
  private Path unet = Path.of("");

  @Option(
      names = "--inputs",
      paramLabel = "FILE",
      required = true,
      description =
          "A safetensors file with sample, timestep, encoder_hidden_states and target, which the"
              + " output is compared with.")
  private Path inputs = Path.of("");

  @Option(
      names = "--train",
      paramLabel = "WHICH",
      defaultValue = "all",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
  private Trained trained = Trained.ALL;

  @Option(
      names = "--lora",
      paramLabel = "FILE",
      description = "Train this LoRA's matrices and no weight of the network.")
  private @Nullable Path lora;

  @Option(
      names = "--recompute",
      paramLabel = "WHAT",
      defaultValue = "nothing",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
  private Recompute recompute = Recompute.NOTHING;

  @Option(names = "--shared-weights", description = "Read frozen weights where they lie.")
  private boolean sharing;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "5",
      description = "Default ${DEFAULT-VALUE}.")
  private int steps = 5;

  @Option(
      names = "--turns",
      description =
          "Wait for a line on standard input before each step, and print its seconds and those of"
              + " processor time after it, until the input ends, so that another program can take"
              + " turns.")
  private boolean turns;

  @Option(
      names = "--out-gradients",
      paramLabel = "FILE",
      description = "Save the first step's gradients: safetensors.")
  private @Nullable Path outGradients;

  @Override
  public Integer call() throws IOException {
    checkArgument(steps > 0, "--steps must be > 0, was %s", steps);
    if (outGradients != null) {
      OutputFile.check(outGradients);
    }
    Map<String, Object> report = new TreeMap<>();
    try (var memory = new ProcessMemory()) {
      report.put("base_anon_bytes", memory.peakAnonymous());
      measure(memory, report);
      report.put("peak_rss_bytes", memory.peak());
      report.put("peak_anon_bytes", memory.peakAnonymous());
      report.put("peak_file_bytes", memory.peakFileBacked());
    }
    report.put("palimpsest", Palimpsest.version());
    report.put("onnxruntime", RuntimeInfo.read().version());
    report.put("java", System.getProperty("java.version"));
    print(new ObjectMapper().writeValueAsString(report));
    return 0;
  }

  private void print(String line) {
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
  }

  private void measure(ProcessMemory memory, Map<String, Object> report) throws IOException {
    long start = System.nanoTime();
    Component component = Checkpoint.readComponent(unet);
    Map<String, Tensor> batch = batch();
    Graph network = withLoss(UNet2DConditionModel.graph(component.config()), batch);
    Map<String, Tensor> initial = new HashMap<>();
    if (lora != null) {
      Lora adapter = Lora.read(lora);
      network = adapter.adapt(UNET, network);
      batch.putAll(adapter.inputs(UNET, AdapterScale.of(1)));
      initial.putAll(adapter.weights(UNET));
    } else {
      names(network).forEach(name -> initial.put(name, component.weights().get(name)));
    }
    TrainingGraph graph = TrainingGraph.of(network, initial.keySet(), recompute);
    try (TrainingSession session =
        TrainingSession.open(
            sharing ? graph.sharingWeights() : graph,
            Trainables.of(initial),
            component.weights()::get,
            device.open())) {
      report.put("open_s", seconds(start));
      report.put("parameters", component.parameters());
      report.put("trained", initial.values().stream().mapToLong(Tensor::elements).sum());
      report.put("graph", graph.toString());
      report.put("open_peak_anon_bytes", memory.peakAnonymous());
      try (var stepping = new ProcessMemory()) {
        report.put("open_anon_bytes", stepping.peakAnonymous());
        run(session, batch, report);
        report.put("steps_peak_anon_bytes", stepping.peakAnonymous());
      }
    }
  }

  private Map<String, Tensor> batch() throws IOException {
    Safetensors file = Safetensors.read(inputs);
    Map<String, Tensor> batch = new HashMap<>();
    for (String name : List.of("sample", "timestep", "encoder_hidden_states", TARGET)) {
      checkArgument(
          file.names().contains(name),
          "%s has no tensor '%s', only %s",
          inputs,
          name,
          file.names());
      batch.put(name, file.tensor(name));
    }
    return batch;
  }

  private static Graph withLoss(Graph unet, Map<String, Tensor> batch) {
    Tensor sample = requireNonNull(batch.get("sample"));
    Map<String, Long> sizes =
        Map.of(
            "batch", sample.shape().dim(0),
            "timesteps", requireNonNull(batch.get("timestep")).shape().dim(0),
            "height", sample.shape().dim(2),
            "width", sample.shape().dim(3),
            "tokens", requireNonNull(batch.get("encoder_hidden_states")).shape().dim(1));
    Value out = requireNonNull(unet.bind(sizes).outputs().get("out_sample"));
    Value target = Value.input(TARGET, out.dtype(), out.dims());
    return Graph.of(UNET, TrainingGraph.LOSS, Losses.meanSquaredError(out, target));
  }

  private List<String> names(Graph network) {
    return network.parameters().keySet().stream()
        .filter(name -> trained == Trained.ALL || ATTENTION.matcher(name).matches())
        .toList();
  }

  private void run(TrainingSession session, Map<String, Tensor> batch, Map<String, Object> report)
      throws IOException {
    List<Double> times = new ArrayList<>();
    List<Double> processor = new ArrayList<>();
    var turn = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    while (turns ? turn.readLine() != null : times.size() < steps) {
      double busy = processorSeconds();
      long start = System.nanoTime();
      TrainingSession.Result result = session.run(batch, 1, application.cancellation());
      times.add(seconds(start));
      processor.add(processorSeconds() - busy);
      if (turns) {
        print(times.get(times.size() - 1) + " " + processor.get(times.size() - 1));
      }
      if (times.size() == 1) {
        report.put("loss", result.loss());
        if (outGradients != null) {
          Safetensors.write(outGradients, result.gradients(), Map.of());
        }
      }
    }
    checkArgument(!times.isEmpty(), "no step was asked for");
    report.put("first_step_s", times.get(0));
    report.put("steps_s", times);
    report.put("step_s", later(times));
    report.put("steps_cpu_s", processor);
    report.put("step_cpu_s", later(processor));
  }

  /** The median of all but the first, if there are others. */
  private static double later(List<Double> times) {
    return Quantiles.median().compute(times.size() > 1 ? times.subList(1, times.size()) : times);
  }

  /** Of all threads. */
  private static double processorSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
