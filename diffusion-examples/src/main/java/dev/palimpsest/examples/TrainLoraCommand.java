package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Splitter;
import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.lora.Crops;
import dev.palimpsest.lora.ImageFolder;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.LoraFormat;
import dev.palimpsest.lora.LoraTargets;
import dev.palimpsest.lora.LoraTraining;
import dev.palimpsest.lora.LoraTrainingBuilder;
import dev.palimpsest.lora.TriggerWord;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.Recompute;
import dev.palimpsest.training.TrainingListener;
import dev.palimpsest.training.TrainingStep;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** A LoRA from a folder of pictures. */
@Command(
    name = "train-lora",
    mixinStandardHelpOptions = true,
    description = {
      "Teaches a model what a folder of pictures shows, as a LoRA.",
      "Captions are .txt files beside the pictures or a metadata.jsonl. Interrupted, it goes on "
          + "where it was when it is started again."
    })
final class TrainLoraCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private CheckpointOptions model = new CheckpointOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();
  @Mixin private LoraOptions lora = LoraOptions.forLargeModels();

  @Parameters(index = "0", paramLabel = "DIR", description = "The pictures.")
  private Path pictures = Path.of("");

  @Option(
      names = "--trigger",
      paramLabel = "WORD[:CLASS]",
      description = "What calls the subject, such as m5g90:car; may be repeated.")
  private List<String> triggers = List.of();

  @Option(names = "--alpha", paramLabel = "A", description = "Default the rank.")
  private @Nullable Double alpha;

  @Option(
      names = "--targets",
      paramLabel = "WHICH",
      defaultValue = "attention",
      description = "attention, feed-forward (attention too), all, or names with commas.")
  private String targets = "attention";

  @Option(
      names = "--resolution",
      paramLabel = "N",
      split = ",",
      description = "Sides of squares, such as 512,768; default the model's own.")
  private int[] resolutions = {};

  @Option(
      names = "--accumulate",
      paramLabel = "N",
      defaultValue = "1",
      description = "Batches for one step; default 1.")
  private int accumulate = 1;

  @Option(
      names = "--views",
      paramLabel = "N",
      defaultValue = "1",
      description = "Crops of each picture that take turns; default one, in the middle.")
  private int views = 1;

  @Option(names = "--zoom", paramLabel = "F", defaultValue = "1", description = "Of crops, most.")
  private double zoom = 1;

  @Option(
      names = "--flips",
      paramLabel = "P",
      defaultValue = "0",
      description = "How often views are mirrored.")
  private double flips;

  @Option(names = "--shuffle", description = "Show a caption's tags in random order.")
  private boolean shuffle;

  @Option(
      names = "--caption-dropout",
      paramLabel = "P",
      defaultValue = "0",
      description = "How often a caption is left out but for its trigger.")
  private double captionDropout;

  @Option(names = "--min-snr", paramLabel = "GAMMA", description = "5 in the paper.")
  private @Nullable Double minSnr;

  @Option(
      names = "--noise-offset",
      paramLabel = "S",
      defaultValue = "0",
      description = "Helps with very dark and very light pictures.")
  private double noiseOffset;

  @Option(
      names = "--class-pictures",
      paramLabel = "DIR",
      description = "Pictures of the subject's class, shown as often.")
  private @Nullable Path classPictures;

  @Option(
      names = "--known-pictures",
      paramLabel = "DIR",
      description =
          "Pictures of what the model knows, shown as often, on which it is held to what it"
              + " predicts without the LoRA; in place of --class-pictures.")
  private @Nullable Path knownPictures;

  @Option(
      names = "--prior-weight",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of the loss of either; default ${DEFAULT-VALUE}.")
  private double priorWeight;

  @Option(
      names = "--recompute",
      paramLabel = "WHAT",
      defaultValue = "NOTHING",
      description = "${COMPLETION-CANDIDATES}: memory for time.")
  private Recompute recompute = Recompute.NOTHING;

  @Option(
      names = "--shared-weights",
      description = "Read weights that are not trained where they lie: less memory, slower steps.")
  private boolean sharing;

  @Option(names = "--half", description = "Half precision, on CUDA.")
  private boolean half;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Default 0.")
  private long seed;

  @Option(
      names = "--validate",
      paramLabel = "N",
      defaultValue = "0",
      description = "A picture of each trigger every N steps, in the run's folder.")
  private long validate;

  @Option(
      names = "--run",
      paramLabel = "DIR",
      defaultValue = "runs/lora",
      description = "Where the training keeps its state; default ${DEFAULT-VALUE}.")
  private Path run = Path.of("");

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "The LoRA.")
  private Path out = Path.of("");

  @Option(
      names = "--format",
      paramLabel = "F",
      defaultValue = "DIFFUSERS",
      description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
  private LoraFormat format = LoraFormat.DIFFUSERS;

  @Override
  public Integer call() throws IOException {
    try (CheckpointOptions.OpenCheckpoint opened = model.open()) {
      return train(opened.checkpoint());
    }
  }

  private int train(Checkpoint base) throws IOException {
    PrintWriter console = spec.commandLine().getOut();
    try (LoraTraining training = plan(base).open(run);
        var progress = Progress.of("training", lora.steps())) {
      training.advice().forEach(advice -> console.println("trigger " + advice.text()));
      progress.stepTo(training.step());
      TrainingListener all =
          validate > 0
              ? progress
                  .training()
                  .and(TrainingListener.every(validate, step -> validate(base, training, step)))
              : progress.training();
      Lora trained = training.train(all, application.cancellation());
      trained.save(out, format);
      console.printf("%s after step %d of %d%n", out, training.step(), lora.steps());
      return training.step() == lora.steps() ? 0 : 1;
    }
  }

  private LoraTrainingBuilder plan(Checkpoint base) throws IOException {
    LoraTrainingBuilder plan =
        LoraTraining.builder(base)
            .dataset(ImageFolder.of(pictures))
            .name(String.valueOf(out.getFileName()).replaceFirst("\\.safetensors$", ""))
            .targets(targets())
            .accumulate(accumulate)
            .crops(new Crops(views, zoom, flips))
            .captionDropout(captionDropout)
            .noiseOffset(noiseOffset)
            .recomputation(recompute)
            .learningRate(
                LearningRate.constant(lora.rate()).warmup(Math.min(50, lora.steps() / 10)))
            .device(device.open())
            .seed(seed);
    lora.applyTo(plan);
    words().forEach(plan::trigger);
    options(plan);
    return plan;
  }

  /** What is left to the training unless told. */
  private void options(LoraTrainingBuilder plan) throws IOException {
    if (alpha != null) {
      plan.alpha(alpha);
    }
    if (resolutions.length > 0) {
      plan.resolutions(resolutions);
    }
    if (shuffle) {
      plan.shuffledCaptions();
    }
    if (minSnr != null) {
      plan.minSnr(minSnr);
    }
    if (sharing) {
      plan.sharedWeights();
    }
    if (half) {
      plan.halfPrecision();
    }
    checkArgument(
        classPictures == null || knownPictures == null,
        "--class-pictures %s beside --known-pictures %s: one of them",
        classPictures,
        knownPictures);
    if (classPictures != null) {
      plan.priorPreservation(ImageFolder.of(classPictures), priorWeight);
    }
    if (knownPictures != null) {
      plan.priorPrediction(ImageFolder.of(knownPictures), priorWeight);
    }
  }

  private List<TriggerWord> words() {
    return triggers.stream()
        .map(text -> Splitter.on(':').limit(2).splitToList(text))
        .map(
            parts ->
                parts.size() == 1
                    ? TriggerWord.of(parts.get(0))
                    : TriggerWord.of(parts.get(0)).forClass(parts.get(1)))
        .toList();
  }

  private LoraTargets targets() {
    return switch (targets) {
      case "attention" -> LoraTargets.ATTENTION;
      case "feed-forward" -> LoraTargets.ATTENTION_AND_FEED_FORWARD;
      case "all" -> LoraTargets.ALL_WITH_CONV;
      default -> LoraTargets.of(targets.split(",", -1));
    };
  }

  private void validate(Checkpoint base, LoraTraining training, TrainingStep step) {
    Lora reached = training.lora(step.weights());
    try (DiffusionPipeline pipeline = DiffusionPipeline.builder(base).adapter(reached).open()) {
      for (TriggerWord word : words()) {
        GenerationRequest request = GenerationRequest.of(prompt(word)).seed(seed);
        pipeline
            .generate(model.isStarter() ? request.steps(StarterModel.STEPS) : request)
            .first()
            .save(run.resolve(String.format("%s-%06d.png", word.word(), step.step())));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String prompt(TriggerWord word) {
    return (model.isStarter() ? "a flat icon of a " : "a photo of a ") + word.phrase();
  }
}
