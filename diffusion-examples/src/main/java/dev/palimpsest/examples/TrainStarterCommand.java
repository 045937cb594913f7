package dev.palimpsest.examples;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.emoji.StarterTraining;
import dev.palimpsest.training.DiffusionTraining;
import dev.palimpsest.training.TrainingResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Rebuilds the starter model from the pictures. */
@Command(
    name = "train-starter",
    mixinStandardHelpOptions = true,
    description = {
      "Trains the starter model, from random weights or on, and saves it in diffusers layout.",
      "Interrupted, it goes on where it was when it is started again."
    })
final class TrainStarterCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private PictureOptions pictures = new PictureOptions();

  @Option(
      names = "--run",
      paramLabel = "DIR",
      defaultValue = "runs/starter",
      description = "Where the training keeps its state; default ${DEFAULT-VALUE}.")
  private Path run = Path.of("");

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "6000",
      description = "Default ${DEFAULT-VALUE}.")
  private long steps = 6000;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "48",
      description = "Pictures a step; default ${DEFAULT-VALUE}.")
  private int batch = 48;

  @Option(
      names = "--initial",
      paramLabel = "DIR",
      description = "Begin with the weights of this model instead of random ones.")
  private @Nullable Path initial;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "The new folder.")
  private Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    PrintWriter console = spec.commandLine().getOut();
    try (StarterModel starter = StarterModel.open()) {
      Checkpoint begin = initial == null ? null : Checkpoint.read(initial);
      var training = new StarterTraining(starter.checkpoint(), begin, batch);
      try (DiffusionTraining opened = training.open(pictures.read(), run, steps);
          var progress = Progress.of("training", steps)) {
        progress.stepTo(opened.step());
        TrainingResult result =
            opened.train(step -> progress.stepTo(step.step()), application.cancellation());
        Checkpoint checkpoint = training.checkpoint(opened, result.best());
        checkpoint.save(out);
        console.printf("%s after step %d of %d%n", out, result.step(), steps);
        return result.finished() ? 0 : 1;
      }
    }
  }
}
