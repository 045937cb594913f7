package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.report.ErasureReport;
import dev.palimpsest.esd.report.PromptKind;
import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.esd.report.ReportResult;
import dev.palimpsest.esd.report.ReportedConcept;
import dev.palimpsest.esd.report.StackResult;
import dev.palimpsest.examples.CheckpointOptions.OpenCheckpoint;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What erasures did to a model. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = {
      "Draws concepts, paraphrases and unrelated prompts with the model alone and under its layers,"
          + " with the same seeds, and scores what is recognised: a page, JSON and a sheet.",
      "The same command on the same folder goes on where it ended."
    },
    footer = {
      "",
      "palimpsest report --layer no-rocket.safetensors --concept rocket \\",
      "  --sentence \"a 3d render of a {}\" --unrelated \"a 3d render of a tulip\" --out report"
    })
final class ReportCommand implements Callable<Integer> {
  private static final int SHEET_SEEDS = 3;

  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private CheckpointOptions model = new CheckpointOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();
  @Mixin private ScorerOptions judge = new ScorerOptions();

  @Option(
      names = "--beside",
      paramLabel = "FILE",
      description = "Another erasure, to compare on its own; may be repeated.")
  private List<Path> beside = new ArrayList<>();

  @Option(
      names = "--concept",
      paramLabel = "TEXT",
      description = "What should be gone; may be repeated.")
  private List<String> concepts = new ArrayList<>();

  @Option(
      names = "--synonym",
      paramLabel = "TEXT",
      description = "Other words for the concept, of which there is one then; may be repeated.")
  private List<String> synonyms = new ArrayList<>();

  @Option(
      names = "--sentence",
      paramLabel = "TEXT",
      description = "A longer prompt with {} in place of the concept; may be repeated.")
  private List<String> sentences = new ArrayList<>();

  @Option(
      names = "--unrelated",
      paramLabel = "TEXT",
      description = "What should have stayed; may be repeated.")
  private List<String> unrelated = new ArrayList<>();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "10",
      description = "Pictures a prompt, of the seeds 0, 1, ...; default ${DEFAULT-VALUE}.")
  private int seeds = 10;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Solver steps; default the model's, 25 for the starter.")
  private @Nullable Integer steps;

  @Option(
      names = "--guidance",
      paramLabel = "SCALE",
      description = "Default the model's, 4 for the starter.")
  private @Nullable Double guidance;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Pictures of a prompt drawn at once; default ${DEFAULT-VALUE}.")
  private int batch = 1;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "palimpsest-report",
      description = "Default ${DEFAULT-VALUE}.")
  private Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    boolean sideBySide = model.isStarter() && device.anyThreads();
    Device where = sideBySide ? Device.cpu(1) : device.open();
    ReportResult result;
    try (OpenCheckpoint opened = model.open();
        ScorerOptions.OpenScorer scorer = judge.open(where);
        var bar = new ReportBar()) {
      ErasureReport.Builder report =
          report(opened.checkpoint())
              .device(where)
              .workers(sideBySide ? Runtime.getRuntime().availableProcessors() : 1)
              .scorer(scorer.scorer());
      result = report.in(out).run(bar, application.cancellation());
    }
    result.write(out);
    sheet(result);
    print(result);
    return 0;
  }

  private ErasureReport.Builder report(Checkpoint checkpoint) throws IOException {
    Checkpoint base = checkpoint.base();
    ErasureReport.Builder report = ErasureReport.builder(base);
    if (!checkpoint.layers().isEmpty()) {
      report.after("erased", checkpoint);
    }
    for (Path file : beside) {
      report.after(String.valueOf(file.getFileName()), base.with(Erasure.read(file)));
    }
    checkArgument(
        synonyms.isEmpty() || concepts.size() == 1,
        "--synonym needs one --concept, there are %s",
        concepts.size());
    for (String concept : concepts) {
      report.concept(
          ReportedConcept.of(concept)
              .synonyms(synonyms.toArray(String[]::new))
              .sentences(sentences.toArray(String[]::new)));
    }
    checkArgument(seeds > 0, "--seeds must be > 0, was %s", seeds);
    return report
        .unrelated(unrelated.toArray(String[]::new))
        .seeds(LongStream.range(0, seeds).toArray())
        .batch(batch)
        .request(request());
  }

  private GenerationRequest request() {
    GenerationRequest request = GenerationRequest.unconditional();
    if (model.isStarter()) {
      request = request.steps(StarterModel.STEPS).guidanceScale(StarterModel.GUIDANCE_SCALE);
    }
    request = steps == null ? request : request.steps(steps);
    return guidance == null ? request : request.guidanceScale(guidance);
  }

  private void sheet(ReportResult result) throws IOException {
    try {
      PngFile.write(
          out.resolve("report.png"), result.sheet(SHEET_SEEDS).draw(), PngMetadata.generated());
    } catch (IllegalStateException noFont) {
      spec.commandLine().getErr().println("warning: no sheet; " + noFont.getMessage());
    }
  }

  private void print(ReportResult result) {
    PrintWriter console = spec.commandLine().getOut();
    for (StackResult stack : result.stacks()) {
      console.printf("%s%n", stack.name());
      for (PromptKind kind : PromptKind.values()) {
        stack.recognised(kind).ifPresent(share -> line(console, kind, share));
      }
      stack
          .change()
          .ifPresent(
              change ->
                  console.printf(
                      Locale.ROOT, "  change of unrelated pictures %.3f%n", change.mean()));
    }
    console.println(out.resolve("report.html").toAbsolutePath());
  }

  private static void line(PrintWriter console, PromptKind kind, Proportion share) {
    console.printf("  %-12s recognised %s%n", kind.plural(), share);
  }
}
