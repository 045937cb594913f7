package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.esd.ConceptErasure;
import dev.palimpsest.esd.ConceptErasureBuilder;
import dev.palimpsest.esd.Confinement;
import dev.palimpsest.esd.Erasure;
import dev.palimpsest.esd.ErasureMethod;
import dev.palimpsest.examples.CheckpointOptions.OpenCheckpoint;
import dev.palimpsest.training.LearningRate;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** A concept erased from a model. */
@Command(
    name = "erase",
    mixinStandardHelpOptions = true,
    description = {
      "Erases concepts from a model's weights (ESD) and saves what changed.",
      "Interrupted, it saves what it has; with --run it goes on there when it is started again."
    },
    footer = {
      "",
      "palimpsest erase --concept \"a 3d render of a rocket\" --out no-rocket.safetensors",
      "palimpsest generate \"a 3d render of a rocket\" --layer no-rocket.safetensors@0.8"
    })
final class EraseCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private CheckpointOptions model = new CheckpointOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--concept",
      paramLabel = "TEXT",
      required = true,
      description = "What to erase, as a prompt names it; may be repeated.")
  private List<String> concepts = new ArrayList<>();

  @Option(
      names = "--from",
      paramLabel = "TEXT",
      description = "Erase it only where this wider concept is asked for.")
  private @Nullable String from;

  @Option(
      names = "--preserve",
      paramLabel = "TEXT",
      description = "A prompt whose pictures are to stay; may be repeated.")
  private List<String> preserved = new ArrayList<>();

  @Option(
      names = "--confine",
      paramLabel = "FILE",
      description = {
        "Prompts, one a line, on which nothing is to change: afterwards the erasure is confined to"
            + " its concepts. With ESD_X_STRICT."
      })
  private @Nullable Path confine;

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      defaultValue = "ESD_X",
      description = "What is trained: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
  private ErasureMethod method = ErasureMethod.ESD_X;

  @Option(
      names = "--iterations",
      paramLabel = "N",
      defaultValue = "200",
      description = "Default ${DEFAULT-VALUE}.")
  private int iterations = 200;

  @Option(
      names = "--eta",
      paramLabel = "N",
      defaultValue = "1",
      description = "How far to lead away from the concept; default ${DEFAULT-VALUE}.")
  private double eta = 1;

  @Option(
      names = "--learning-rate",
      paramLabel = "RATE",
      description = "Default 5e-5 for cross-attention, else 1e-5; starter four times that.")
  private @Nullable Double learningRate;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "States an iteration; default ${DEFAULT-VALUE}.")
  private int batch = 1;

  @Option(
      names = "--shared-weights",
      description = "Read weights that are not trained where they lie: less memory, slower steps.")
  private boolean sharing;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--exact",
      description = "Denoise anew in each iteration, as the paper does: many times slower.")
  private boolean exact;

  @Option(
      names = "--run",
      paramLabel = "DIR",
      description = "Where the training keeps its state; default nowhere.")
  private @Nullable Path run;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "erasure.safetensors",
      description = "The erasure; default ${DEFAULT-VALUE}.")
  private Path out = Path.of("");

  @Option(
      names = "--bake",
      paramLabel = "DIR",
      description = "Also save the whole model with the concept erased.")
  private @Nullable Path bake;

  @Override
  public Integer call() throws IOException {
    OutputFile.check(out);
    checkArgument(
        confine == null || method == ErasureMethod.ESD_X_STRICT,
        "--confine needs --method ESD_X_STRICT, was %s: other weights read no texts",
        method);
    try (OpenCheckpoint opened = model.open();
        var temporary = TemporaryFolder.create()) {
      return erase(opened.checkpoint(), run == null ? temporary.path() : run);
    }
  }

  private int erase(Checkpoint checkpoint, Path folder) throws IOException {
    PrintWriter console = spec.commandLine().getOut();
    try (ConceptErasure opened = plan(checkpoint).open(folder);
        var progress = Progress.of("erasing", opened.iterations())) {
      progress.stepTo(opened.iteration());
      Erasure erasure =
          confined(checkpoint, opened.train(progress.training(), application.cancellation()));
      erasure.save(out);
      if (bake != null) {
        checkpoint.with(erasure).save(bake);
      }
      console.println(erasure.description());
      console.printf(
          Locale.ROOT,
          "%s: %d tensors, after iteration %d of %d%n",
          out,
          erasure.tensors().size(),
          opened.iteration(),
          opened.iterations());
      return opened.iteration() == opened.iterations() ? 0 : 1;
    }
  }

  private Erasure confined(Checkpoint checkpoint, Erasure erasure) throws IOException {
    if (confine == null) {
      return erasure;
    }
    List<String> prompts =
        Files.readAllLines(confine).stream().filter(line -> !line.isBlank()).toList();
    return Confinement.builder(checkpoint).preserve(prompts).device(device.open()).confine(erasure);
  }

  private ConceptErasureBuilder plan(Checkpoint checkpoint) {
    ConceptErasureBuilder plan =
        ConceptErasure.builder(checkpoint)
            .erase(concepts.toArray(String[]::new))
            .preserve(preserved.toArray(String[]::new))
            .method(method)
            .iterations(iterations)
            .eta(eta)
            .batch(batch)
            .seed(seed)
            .device(device.open());
    plan = from == null ? plan : plan.from(from);
    plan = plan.learningRate(LearningRate.constant(rate()));
    plan = sharing ? plan.sharedWeights() : plan;
    return exact ? plan.exact() : plan;
  }

  private double rate() {
    if (learningRate != null) {
      return learningRate;
    }
    return model.isStarter()
        ? StarterModel.ERASURE_RATE_FACTOR * method.learningRate()
        : method.learningRate();
  }
}
