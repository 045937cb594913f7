package dev.palimpsest.examples;

import dev.palimpsest.examples.emoji.Judge;
import dev.palimpsest.examples.emoji.JudgeTraining;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Trains the classifier that scores what the starter model draws. */
@Command(
    name = "train-judge",
    mixinStandardHelpOptions = true,
    description = "Trains the classifier of subject and style for emoji64 and writes it as ONNX.")
final class TrainJudgeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private PictureOptions pictures = new PictureOptions();

  @Option(
      names = "--run",
      paramLabel = "DIR",
      defaultValue = "runs/judge",
      description = "Where the training keeps its state; default ${DEFAULT-VALUE}.")
  private Path run = Path.of("");

  @Option(names = "--steps", paramLabel = "N", defaultValue = "3000", description = "Of 64.")
  private long steps = 3000;

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "The ONNX file.")
  private Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    OutputFile.check(out);
    var training = new JudgeTraining(pictures.read());
    TrainingResult result;
    try (TrainingRun opened = training.open(run, steps);
        var progress = Progress.of("training", steps)) {
      progress.stepTo(opened.step());
      result = opened.train(step -> progress.stepTo(step.step()), application.cancellation());
    }
    PrintWriter console = spec.commandLine().getOut();
    if (!result.finished()) {
      console.printf("stopped after step %d; the same command goes on%n", result.step());
      return 1;
    }
    training.export(result.best(), out);
    try (Judge judge = Judge.open(out, Device.cpu())) {
      JudgeTraining.Accuracy accuracy = training.accuracy(judge);
      console.printf(
          "%s: subject %.1f %%, style %.1f %% right on %d unseen variations of the pictures%n",
          out, 100 * accuracy.subject(), 100 * accuracy.style(), accuracy.pictures());
    }
    return 0;
  }
}
