package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.report.Proportion;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.LoraStudy;
import dev.palimpsest.examples.emoji.Panel;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.image.ContactSheet;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.LoraFormat;
import dev.palimpsest.lora.LoraTraining;
import dev.palimpsest.lora.LoraTrainingBuilder;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.training.LearningRate;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Teaches the starter model three subjects by a LoRA and scores what it draws. */
@Command(
    name = "lora-study",
    mixinStandardHelpOptions = true,
    description =
        "Teaches the starter model three subjects that it has never seen, as a LoRA, and scores by "
            + "the judge what it draws with their words, and what it still draws of others without.")
final class LoraStudyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private PictureOptions pictures = new PictureOptions();
  @Mixin private LoraOptions options = LoraOptions.forStarter();

  @Option(
      names = "--known",
      paramLabel = "N",
      defaultValue = "250",
      description = "Subjects that it knows, shown too, none of the panel; default 250.")
  private int known = 250;

  @Option(
      names = "--panel",
      paramLabel = "N",
      defaultValue = "24",
      description = "Subjects of the panel of other prompts; default 24.")
  private int subjects = 24;

  @Option(
      names = "--panel-seeds",
      paramLabel = "N",
      defaultValue = "4",
      description = "Pictures of each subject of the panel in each style; default 4.")
  private int panelSeeds = 4;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "20",
      description = "Pictures of each word in each style; default 20.")
  private int seeds = 20;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Of the training; default one a core.")
  private int threads;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "All results.")
  private Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    checkArgument(threads >= 0, "--threads must be >= 0, was %s", threads);
    Emoji64 emoji = pictures.read();
    checkArgument(
        subjects >= 1 && known >= 1 && subjects + known <= emoji.shown().size(),
        "--panel %s and --known %s must be >= 1, together at most %s",
        subjects,
        known,
        emoji.shown().size());
    List<Subject> order = Panel.chosen(emoji, subjects + known, 1, panelSeeds).subjects();
    var others = new Panel(order.subList(0, subjects), panelSeeds);
    var study = new LoraStudy(emoji, order.subList(subjects, subjects + known));
    try (StarterModel starter = StarterModel.open()) {
      Lora lora = train(study, starter.checkpoint());
      lora.save(out.resolve("three-subjects.safetensors"), LoraFormat.DIFFUSERS);
      try (DiffusionPipeline plain = builder(starter.checkpoint()).open();
          DiffusionPipeline taught = builder(starter.checkpoint()).adapter(lora).open()) {
        sheet(emoji, study, taught);
        report(study, others, plain, taught);
      }
    }
    return 0;
  }

  private Lora train(LoraStudy study, Checkpoint base) throws IOException {
    try (LoraTraining training = study.open(base, this::configure, out);
        var progress = Progress.of("training", options.steps())) {
      progress.stepTo(training.step());
      return training.train(progress.training(), application.cancellation());
    }
  }

  private void configure(LoraTrainingBuilder plan) {
    options.applyTo(plan);
    plan.learningRate(LearningRate.cosine(options.rate(), options.steps()).warmup(20))
        .device(threads == 0 ? Device.cpu() : Device.cpu(threads));
  }

  private static DiffusionPipeline.Builder builder(Checkpoint checkpoint) {
    return DiffusionPipeline.builder(checkpoint).device(Device.cpu(1));
  }

  private void report(
      LoraStudy study, Panel others, DiffusionPipeline plain, DiffusionPipeline taught)
      throws IOException {
    PrintWriter console = spec.commandLine().getOut();
    List<Panel.Scored> words = score(study.withWords(seeds), taught);
    for (LoraStudy.Taught subject : study.taught()) {
      List<Panel.Scored> own =
          words.stream()
              .filter(scored -> scored.subject().caption().equals(subject.word().word()))
              .collect(Collectors.toList());
      console.printf(
          "%-16s as %-8s %s%n",
          subject.subject().caption(),
          subject.word().word(),
          Proportion.of(own, Panel.Scored::isSubject));
    }
    console.printf(
        "other prompts, without the LoRA: %s%n",
        Proportion.of(score(others, plain), Panel.Scored::isSubject));
    console.printf(
        "other prompts, with it:          %s%n",
        Proportion.of(score(others, taught), Panel.Scored::isSubject));
  }

  private List<Panel.Scored> score(Panel panel, DiffusionPipeline pipeline) throws IOException {
    try (StarterJudge judge = StarterJudge.open(Device.cpu(1));
        var progress = Progress.of("judging", panel.pictures())) {
      return panel.score(
          pipeline,
          judge.judge(),
          Runtime.getRuntime().availableProcessors(),
          progress::stepBy,
          application.cancellation());
    }
  }

  /** A row a subject: its pictures, then what its word gives in each style. */
  private void sheet(Emoji64 emoji, LoraStudy study, DiffusionPipeline taught) throws IOException {
    List<BufferedImage> cells = new ArrayList<>();
    for (LoraStudy.Taught subject : study.taught()) {
      for (Style style : Style.values()) {
        cells.add(emoji.picture(subject.subject(), style));
      }
      for (Style style : Style.values()) {
        GenerationRequest request =
            GenerationRequest.of(style.prompt(subject.word().word()))
                .steps(StarterModel.STEPS)
                .guidanceScale(StarterModel.GUIDANCE_SCALE)
                .seed(0);
        cells.add(taught.generate(request).first().toBufferedImage());
      }
    }
    BufferedImage drawn = ContactSheet.of(cells, 2 * Style.values().length).draw();
    PngFile.write(out.resolve("three-subjects.png"), drawn, PngMetadata.none());
  }
}
