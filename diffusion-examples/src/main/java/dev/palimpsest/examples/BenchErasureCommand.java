package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.esd.ConceptErasure;
import dev.palimpsest.esd.ConceptErasureBuilder;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.ErasureMethod;
import dev.palimpsest.esd.StartDraws;
import dev.palimpsest.examples.CheckpointOptions.OpenCheckpoint;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.training.SeededStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Times and memory of an erasure's iterations. */
@Command(
    name = "bench-erasure",
    mixinStandardHelpOptions = true,
    description = "Measures the iterations of an erasure (ESD), and memory.",
    footer = {
      "",
      "Prints one JSON object: open_s, run_s (all iterations), run_cpu_s (processor time of all"
          + " threads), iterations_s, iterations_cpu_s, open_anon_bytes, peak_rss_bytes,"
          + " peak_anon_bytes, peak_file_bytes."
    })
final class BenchErasureCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private CheckpointOptions model = new CheckpointOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(names = "--concept", paramLabel = "TEXT", required = true, description = "To erase.")
  private String concept = "";

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      defaultValue = "ESD_X",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
  private ErasureMethod method = ErasureMethod.ESD_X;

  @Option(
      names = "--iterations",
      paramLabel = "N",
      defaultValue = "200",
      description = "From pooled states; default ${DEFAULT-VALUE}.")
  private int iterations = 200;

  @Option(
      names = "--until",
      paramLabel = "N",
      split = ",",
      description =
          "Instead, iterations that denoise anew, each up to this evaluation of the network, from 0.")
  private List<Integer> until = new ArrayList<>();

  @Option(names = "--shared-weights", description = "Read frozen weights where they lie.")
  private boolean sharing;

  @Option(
      names = "--turns",
      description =
          "With --until: wait for a line on standard input before each iteration, and print its"
              + " seconds and those of processor time after it, so that another program can take"
              + " turns.")
  private boolean turns;

  @Option(names = "--out", paramLabel = "FILE", description = "Also save the erasure.")
  private @Nullable Path out;

  @Override
  public Integer call() throws IOException {
    checkArgument(!turns || !until.isEmpty(), "--turns needs --until");
    Map<String, Object> report = new TreeMap<>();
    try (var memory = new ProcessMemory();
        OpenCheckpoint opened = model.open();
        var folder = TemporaryFolder.create()) {
      long start = System.nanoTime();
      var clock = new Clock();
      try (ConceptErasure run = plan(opened, clock).open(folder.path())) {
        report.put("open_s", (System.nanoTime() - start) / 1e9);
        report.put("open_anon_bytes", memory.peakAnonymous());
        clock.start();
        Erasure erasure = run.train(step -> clock.stop(), application.cancellation());
        if (out != null) {
          erasure.save(out);
        }
      }
      clock.report(report);
      report.put("peak_rss_bytes", memory.peak());
      report.put("peak_anon_bytes", memory.peakAnonymous());
      report.put("peak_file_bytes", memory.peakFileBacked());
    }
    report.put("palimpsest", Palimpsest.version());
    print(new ObjectMapper().writeValueAsString(report));
    return 0;
  }

  private ConceptErasureBuilder plan(OpenCheckpoint opened, Clock clock) {
    ConceptErasureBuilder plan =
        ConceptErasure.builder(opened.checkpoint())
            .erase(concept)
            .method(method)
            .device(device.open())
            .saveEvery(1_000_000);
    plan = sharing ? plan.sharedWeights() : plan;
    return until.isEmpty()
        ? plan.iterations(iterations)
        : plan.iterations(until.size()).exact(new Given(clock));
  }

  /** Where each iteration looks is given; it begins when its turn comes. */
  private final class Given implements StartDraws {
    private final Clock clock;
    private final BufferedReader turn = new BufferedReader(new InputStreamReader(System.in, UTF_8));

    Given(Clock clock) {
      this.clock = clock;
    }

    @Override
    public Start draw(long item, Shape shape, int evaluations, SeededStream random) {
      if (turns) {
        try {
          checkArgument(turn.readLine() != null, "no turn for iteration %s", item);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        clock.start();
      }
      return new Start(random.gaussian(shape), until.get((int) item));
    }
  }

  /** Takes the time of iterations. */
  private final class Clock {
    private final List<Double> times = new ArrayList<>();
    private final List<Double> processor = new ArrayList<>();
    private long began;
    private double busy;

    void start() {
      busy = processorSeconds();
      began = System.nanoTime();
    }

    void stop() {
      times.add((System.nanoTime() - began) / 1e9);
      processor.add(processorSeconds() - busy);
      if (turns) {
        print(times.get(times.size() - 1) + " " + processor.get(times.size() - 1));
      }
      start();
    }

    void report(Map<String, Object> report) {
      report.put("iterations_s", times);
      report.put("iterations_cpu_s", processor);
      report.put("run_s", times.stream().mapToDouble(Double::doubleValue).sum());
      report.put("run_cpu_s", processor.stream().mapToDouble(Double::doubleValue).sum());
    }

    /** Of all threads. */
    private double processorSeconds() {
      return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos()
          / 1e9;
    }
  }

  private void print(String line) {
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
  }
}
