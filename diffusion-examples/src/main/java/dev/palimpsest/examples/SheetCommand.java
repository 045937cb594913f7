package dev.palimpsest.examples;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Stopwatch;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GeneratedImage;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.examples.ModelOptions.OpenModel;
import dev.palimpsest.image.ContactSheet;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.image.Resampling;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.SideBySide;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Subjects × styles in one picture: what the starter model can do. */
@Command(
    name = "sheet",
    mixinStandardHelpOptions = true,
    description = "Draws a contact sheet: ten subjects, each in five styles.")
final class SheetCommand implements Callable<Integer> {
  private static final List<String> SUBJECTS =
      List.of(
          "fire engine",
          "automobile",
          "cat face",
          "red apple",
          "sailboat",
          "pizza",
          "house",
          "tulip",
          "tractor",
          "penguin");

  private static final int SMALLEST_CELL = 96;

  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "" + StarterModel.STEPS,
      description = "Solver steps; default ${DEFAULT-VALUE}.")
  private int steps = StarterModel.STEPS;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Of the first picture, the others count up; default ${DEFAULT-VALUE}.")
  private long seed = 1000;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "palimpsest-sheet.png",
      description = "Default ${DEFAULT-VALUE}.")
  private Path out = Path.of("palimpsest-sheet.png");

  @Override
  public Integer call() throws IOException {
    Stopwatch watch = Stopwatch.createStarted();
    OutputFile.check(out);
    List<GenerationRequest> requests = requests();
    // Of a small model, a picture a thread makes better use of the cores than threads on a picture.
    boolean sideBySide = model.isStarter() && device.anyThreads();
    int workers = sideBySide ? Runtime.getRuntime().availableProcessors() : 1;
    try (OpenModel opened = model.open(sideBySide ? Device.cpu(1) : device.open())) {
      DiffusionPipeline pipeline = opened.pipeline();
      out()
          .printf(
              "Drawing %d subjects in %d styles with %s, %d steps each.%n",
              SUBJECTS.size(),
              StarterModel.styles().size(),
              model.isStarter() ? "the starter model" : pipeline.checkpoint().toString(),
              steps);
      out().flush();
      List<GeneratedImage> pictures = generate(pipeline, requests, workers);
      PngFile.write(out, sheet(pictures), metadata(pictures.get(0)));
    }
    out()
        .printf(
            "%s: %d pictures in %s%n", out.toAbsolutePath(), requests.size(), Elapsed.of(watch));
    return 0;
  }

  /** Row by row; a row is a style. */
  private List<GenerationRequest> requests() {
    var requests = new ArrayList<GenerationRequest>();
    for (String style : StarterModel.styles()) {
      for (String subject : SUBJECTS) {
        requests.add(
            GenerationRequest.of(style + " a " + subject)
                .steps(steps)
                .guidanceScale(StarterModel.GUIDANCE_SCALE)
                .seed(seed + requests.size()));
      }
    }
    return requests;
  }

  private List<GeneratedImage> generate(
      DiffusionPipeline pipeline, List<GenerationRequest> requests, int workers)
      throws IOException {
    var drawings = new ArrayList<Callable<GeneratedImage>>();
    try (var progress = Progress.of("drawing", (long) requests.size() * steps)) {
      for (GenerationRequest request : requests) {
        drawings.add(
            () ->
                pipeline
                    .generate(request, step -> progress.step(), application.cancellation())
                    .first());
      }
      return SideBySide.run(workers, drawings);
    }
  }

  private BufferedImage sheet(List<GeneratedImage> pictures) {
    var cells = new ArrayList<BufferedImage>();
    for (GeneratedImage picture : pictures) {
      cells.add(enlarged(picture.toBufferedImage()));
    }
    ContactSheet plain = ContactSheet.of(cells, SUBJECTS.size());
    try {
      return plain.columnLabels(SUBJECTS).rowLabels(StarterModel.styles()).draw();
    } catch (IllegalStateException noFont) {
      PrintWriter err = spec.commandLine().getErr();
      err.println("warning: the sheet has no labels; " + noFont.getMessage());
      err.println("  rows: " + String.join(", ", StarterModel.styles()));
      err.println("  columns: " + String.join(", ", SUBJECTS));
      err.flush();
      return plain.draw();
    }
  }

  private static BufferedImage enlarged(BufferedImage picture) {
    return picture.getWidth() >= SMALLEST_CELL
        ? picture
        : Resampling.LANCZOS.resize(picture, 2 * picture.getWidth(), 2 * picture.getHeight());
  }

  /** As of the first picture, with what the rows and columns are. */
  private PngMetadata metadata(GeneratedImage first) throws IOException {
    PngMetadata metadata = first.metadata();
    var json = new ObjectMapper();
    var made = (ObjectNode) json.readTree(metadata.json().orElse("{}"));
    made.remove("prompt");
    made.set("rows", json.valueToTree(StarterModel.styles()));
    made.set("columns", json.valueToTree(SUBJECTS));
    return metadata.withJson(json.writeValueAsString(made));
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
