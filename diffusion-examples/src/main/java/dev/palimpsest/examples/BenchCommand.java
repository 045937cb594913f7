package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.GenerationResult;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.examples.ModelOptions.OpenModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.RuntimeInfo;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Times of loading and generating, and memory. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures loading, steps, decoding and memory of a model.",
    footer = {
      "",
      "Fields of --json (times in seconds, memory in bytes): jvm_start_s, load_s,"
          + " load_to_first_step_s, text_s, first_step_s, step_s (median of the others),"
          + " decode_first_s (opens the decoder), decode_s (of the last run), run_first_s, run_s,"
          + " runs [{text_s, steps_s, decode_s, run_s}], peak_rss_bytes, peak_anon_bytes,"
          + " peak_file_bytes, planned_bytes, and what was run: palimpsest, onnxruntime, java, device, model,"
          + " model_class, scheduler, width, height, steps, guided, prompt."
    })
final class BenchCommand implements Callable<Integer> {
  private static final String LATENTS = "latents";

  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();
  @Mixin private LargeOptions large = new LargeOptions();

  @Option(
      names = "--size",
      paramLabel = "WxH",
      converter = PictureSize.Converter.class,
      description = "In pixels; default the model's own.")
  private @Nullable PictureSize size;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "5",
      description = "Solver steps a run; default ${DEFAULT-VALUE}.")
  private int steps = 5;

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "1",
      description = "Whole generations, one after the other; default ${DEFAULT-VALUE}.")
  private int runs = 1;

  @Option(names = "--guided", description = "With guidance 7.5: each step is a pair.")
  private boolean guided;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      defaultValue = "a flat icon of a fire engine",
      description = "Default '${DEFAULT-VALUE}'.")
  private String prompt = "";

  @Option(
      names = "--latents",
      paramLabel = "FILE",
      description = "Start from these: a safetensors file with the key latents.")
  private @Nullable Path latents;

  @Option(
      names = "--out-latents",
      paramLabel = "FILE",
      description = "Save the last run's final latents: safetensors, key latents.")
  private @Nullable Path outLatents;

  @Option(names = "--out-image", paramLabel = "FILE", description = "Save the last run's picture.")
  private @Nullable Path outImage;

  @Option(names = "--json", description = "Print one JSON object instead of a table.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    checkArgument(runs > 0, "--runs must be > 0, was %s", runs);
    var report = new BenchReport();
    try (var memory = new ProcessMemory()) {
      double uptime = ManagementFactory.getRuntimeMXBean().getUptime() / 1e3;
      measure(request(), report);
      report.put("jvm_start_s", uptime);
      report.put("peak_rss_bytes", memory.peak());
      report.put("peak_anon_bytes", memory.peakAnonymous());
      report.put("peak_file_bytes", memory.peakFileBacked());
    }
    spec.commandLine()
        .getOut()
        .println(json ? new ObjectMapper().writeValueAsString(report.fields()) : report.table());
    return 0;
  }

  private GenerationRequest request() throws IOException {
    for (Path file : new @Nullable Path[] {outLatents, outImage}) {
      if (file != null) {
        OutputFile.check(file);
      }
    }
    GenerationRequest request =
        GenerationRequest.of(prompt).steps(steps).seed(0).guidanceScale(guided ? 7.5 : 1);
    request = size == null ? request : request.size(size.width(), size.height());
    request = large.apply(request);
    if (latents == null) {
      return request;
    }
    Safetensors file = Safetensors.read(latents);
    checkArgument(
        file.names().contains(LATENTS),
        "%s has no tensor '%s'; it has %s",
        latents,
        LATENTS,
        file.names());
    return request.latents(file.tensor(LATENTS));
  }

  private void measure(GenerationRequest request, BenchReport report) throws IOException {
    Device where = device.open();
    long start = System.nanoTime();
    try (OpenModel opened = model.open(where)) {
      double load = seconds(start);
      describe(opened.pipeline(), where, report);
      report.put("load_s", load);
      planned(opened.pipeline(), request, report);
      var done = new ArrayList<BenchReport.Run>();
      for (int run = 0; run < runs; run++) {
        var timed = new TimedRun(opened.pipeline(), request);
        done.add(timed.run());
        if (run == 0) {
          report.put("load_to_first_step_s", (timed.firstStepEnd - start) / 1e9);
        }
        if (run == runs - 1) {
          save(timed);
          report.put("width", timed.picture().width());
          report.put("height", timed.picture().height());
        }
      }
      report.put(done);
    }
  }

  private void describe(DiffusionPipeline pipeline, Device where, BenchReport report) {
    report.put("palimpsest", Palimpsest.version());
    report.put("onnxruntime", RuntimeInfo.read().version());
    report.put("java", System.getProperty("java.version"));
    report.put("device", where.name());
    report.put(
        "model", model.isStarter() ? "starter" : pipeline.checkpoint().path().orElseThrow() + "");
    report.put("model_class", pipeline.checkpoint().className());
    report.put("scheduler", pipeline.scheduler().scheduler().name());
    report.put("steps", steps);
    report.put("guided", guided);
    report.put("prompt", prompt);
  }

  /** What the memory was planned to be; 0 for an ONNX export. */
  private static void planned(
      DiffusionPipeline pipeline, GenerationRequest request, BenchReport report) {
    long bytes = 0;
    try {
      bytes = pipeline.memoryPlan(request).peak();
    } catch (UnsupportedModelException e) {
      // Then there is no plan.
    }
    report.put("planned_bytes", bytes);
  }

  private void save(TimedRun run) throws IOException {
    if (outLatents != null) {
      Safetensors.write(outLatents, Map.of(LATENTS, run.latents()), Map.of());
    }
    if (outImage != null) {
      run.picture().saveWithoutMetadata(outImage);
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  /** One generation with the moments between its parts. */
  private final class TimedRun {
    private final DiffusionPipeline pipeline;
    private final GenerationRequest request;
    private final List<Double> stepTimes = new ArrayList<>();
    private long firstStepEnd;
    private long last;
    private double text;
    private @Nullable Tensor finalLatents;
    private @Nullable GeneratedImage image;

    TimedRun(DiffusionPipeline pipeline, GenerationRequest request) {
      this.pipeline = pipeline;
      this.request = request;
    }

    BenchReport.Run run() {
      long start = System.nanoTime();
      last = start;
      GenerationResult result =
          pipeline.generate(
              // The source of noise is asked for after the text and before the first step.
              request.noise(
                  () -> {
                    text = lap();
                    return NoiseSource.torch(0);
                  }),
              step -> {
                stepTimes.add(lap());
                firstStepEnd = step.step() == 1 ? last : firstStepEnd;
                finalLatents = step.latents();
              },
              application.cancellation());
      double decode = lap();
      image = result.first();
      return new BenchReport.Run(text, stepTimes, decode, (last - start) / 1e9);
    }

    private double lap() {
      long now = System.nanoTime();
      double lap = (now - last) / 1e9;
      last = now;
      return lap;
    }

    Tensor latents() {
      return requireNonNull(finalLatents);
    }

    GeneratedImage picture() {
      return requireNonNull(image);
    }
  }
}
