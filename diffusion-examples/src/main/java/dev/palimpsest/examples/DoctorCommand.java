package dev.palimpsest.examples;

import com.google.common.base.Stopwatch;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.examples.conformance.Conformance;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.RuntimeInfo;
import dev.palimpsest.tensor.Tensor;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Whether it works here, and with what: a report for an issue. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Checks that generating works on this machine and prints a report that can be pasted into an"
          + " issue.",
      "Exit code 1 if a check failed."
    })
final class DoctorCommand implements Callable<Integer> {
  /** 8-bit steps that a picture may differ from the reference; half precision rounds more. */
  private static final int TOLERANCE = 2;

  private static final int CUDA_TOLERANCE = 24;

  private static final List<String> CASES =
      List.of(
          "doctor/manifest.json",
          "doctor/random/manifest.json",
          "doctor/random/random.safetensors",
          "doctor/tokenizer/manifest.json",
          "doctor/unets/manifest.json",
          "doctor/unets/unets.safetensors",
          "doctor/sample.safetensors");

  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private DeviceOptions device = new DeviceOptions();

  private int failures;

  /** What a check found, or an exception that says why it failed. */
  private interface Check {
    String run() throws Exception;
  }

  /** A check's outcome that is not as it should be. */
  private static final class Unfit extends Exception {
    private static final long serialVersionUID = 1L;

    Unfit(String message) {
      super(message);
    }
  }

  @Override
  public Integer call() throws Exception {
    say("Palimpsest doctor, version " + Palimpsest.version());
    say("");
    machine();
    check(
        "ONNX Runtime",
        () -> {
          runtime();
          return RuntimeInfo.read().version();
        });
    var opened = new Device[1];
    check(
        "device",
        () -> {
          opened[0] = device.open();
          return device.name() + ": " + opened[0];
        });
    @Nullable Device where = opened[0];
    try (StarterModel starter = StarterModel.open()) {
      starter.folder().extract(DoctorCommand.class, CASES);
      for (String area : List.of("random", "tokenizer", "unets")) {
        check("cases of " + area, () -> cases(starter, area));
      }
      if (where != null) {
        check("generation", () -> generation(starter, where));
      }
    }
    say("");
    say(failures == 0 ? "Everything works." : failures + " of the checks failed.");
    return failures == 0 ? 0 : 1;
  }

  private void machine() {
    Map<String, Object> facts =
        Map.of(
            "Java",
                property("java.version")
                    + ", "
                    + property("java.vm.name")
                    + ", "
                    + property("java.vendor"),
            "system",
                property("os.name") + " " + property("os.version") + ", " + property("os.arch"),
            "cores", Runtime.getRuntime().availableProcessors(),
            "heap", Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB at most",
            "locale", Locale.getDefault() + ", " + property("file.encoding"));
    for (String fact : List.of("Java", "system", "cores", "heap", "locale")) {
      line("", fact, String.valueOf(facts.get(fact)));
    }
  }

  private static String property(String name) {
    return System.getProperty(name, "?");
  }

  private void runtime() {
    RuntimeInfo info = RuntimeInfo.read();
    line("", "platform", info.platform());
    line("", "providers", String.join(", ", info.providers()));
    line("", "CUDA artifact", info.cudaArtifact() ? "yes" : "no");
    info.artifacts().forEach(jar -> line("", "ONNX Runtime in", jar));
    line("", "native library", info.nativeLibrary());
  }

  private static String cases(StarterModel starter, String area) throws Exception {
    var table = new StringWriter();
    Conformance.Summary summary =
        new Conformance(
                starter.folder().path().resolve("doctor"),
                starter.folder().path().resolve("out"),
                new PrintWriter(table))
            .run(Set.of(area));
    if (summary.cases() == 0 || summary.passed() != summary.cases()) {
      throw new Unfit(table.toString());
    }
    return summary.passed() + " of " + summary.cases() + " passed";
  }

  /** The picture of a prompt and seed against that of diffusers. */
  private String generation(StarterModel starter, Device where) throws Exception {
    Stopwatch watch = Stopwatch.createStarted();
    var reference = Safetensors.read(starter.folder().path().resolve("doctor/sample.safetensors"));
    Map<String, String> settings = reference.metadata();
    GenerationRequest request =
        GenerationRequest.of(settings.getOrDefault("prompt", ""))
            .seed(Long.parseLong(settings.getOrDefault("seed", "")))
            .steps(Integer.parseInt(settings.getOrDefault("steps", "")))
            .guidanceScale(Double.parseDouble(settings.getOrDefault("guidance", "")));
    GeneratedImage image;
    try (var pipeline = DiffusionPipeline.builder(starter.checkpoint()).device(where).open()) {
      image = pipeline.generate(request, step -> {}, application.cancellation()).first();
    }
    int difference = difference(image.pixels(), reference.tensor("pixels"));
    int allowed = where.isCuda() ? CUDA_TOLERANCE : TOLERANCE;
    String found =
        String.format(
            Locale.ROOT,
            "%d steps and a picture in %s; largest difference from the reference %d/255, allowed"
                + " %d/255",
            request.steps().orElseThrow(),
            Elapsed.of(watch),
            difference,
            allowed);
    if (difference > allowed) {
      throw new Unfit(found);
    }
    return found;
  }

  /** In 8-bit steps. */
  static int difference(Tensor unit, Tensor eightBits) {
    float[] got = unit.floats();
    long[] want = eightBits.longs();
    int largest = 0;
    for (int i = 0; i < want.length; i++) {
      largest = Math.max(largest, (int) Math.abs(Math.rint(255.0 * got[i]) - want[i]));
    }
    return largest;
  }

  private void check(String name, Check check) {
    try {
      line("ok", name, check.run());
    } catch (Exception e) {
      failures++;
      line("FAILED", name, e instanceof Unfit ? e.getMessage() + "" : Failures.line(e));
      if (application.stacktrace()) {
        e.printStackTrace(spec.commandLine().getErr());
      }
    }
  }

  private void line(String outcome, String name, String text) {
    say(String.format(Locale.ROOT, "%-7s %-19s %s", outcome, name, text).stripTrailing());
  }

  /** Without the home folder's name, which is often that of a person. */
  private void say(String text) {
    String home = System.getProperty("user.home", "");
    spec.commandLine().getOut().println(home.length() > 1 ? text.replace(home, "~") : text);
    spec.commandLine().getOut().flush();
  }
}
