package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Stopwatch;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.fashion.FashionMnist;
import dev.palimpsest.examples.fashion.FashionStudy;
import dev.palimpsest.examples.fashion.FashionUNet;
import dev.palimpsest.examples.fashion.StudySettings;
import dev.palimpsest.examples.fashion.UNetTraining;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Trains a class-conditional diffusion model on Fashion-MNIST from scratch and judges it. */
@Command(
    name = "fashion-study",
    mixinStandardHelpOptions = true,
    description = {
      "Trains a small class-conditional diffusion model with learned variance on Fashion-MNIST and"
          + " judges it: bits per dimension, and kernel distance, precision, recall and diversity"
          + " of what it generates.",
      "The same command on the same folder resumes a run that ended early."
    })
final class FashionStudyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      defaultValue = FashionMnist.DEBIAN_FOLDER,
      description = "The four IDX files; default ${DEFAULT-VALUE}.")
  private Path data = Path.of(FashionMnist.DEBIAN_FOLDER);

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      defaultValue = "fashion-study",
      description = "Default ${DEFAULT-VALUE}.")
  private Path out = Path.of("fashion-study");

  @Option(
      names = "--channels",
      paramLabel = "N",
      split = ",",
      defaultValue = "24,48,48",
      description = "Of each level of the network; default ${DEFAULT-VALUE}.")
  private List<Integer> channels = List.of();

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "3000",
      description = "Of the training; default ${DEFAULT-VALUE}.")
  private long steps;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "32",
      description = "Pictures a step; default ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--rate",
      paramLabel = "R",
      defaultValue = "1e-3",
      description = "The largest learning rate; default ${DEFAULT-VALUE}.")
  private double rate;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of all randomness; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--classifier-steps",
      paramLabel = "N",
      defaultValue = "3000",
      description = "Of the classifier whose features are compared; default ${DEFAULT-VALUE}.")
  private long classifierSteps;

  @Option(
      names = "--test-pictures",
      paramLabel = "N",
      defaultValue = "500",
      description = "How many the bound is computed of; default ${DEFAULT-VALUE}.")
  private int tested;

  @Option(
      names = "--fineness",
      paramLabel = "N",
      defaultValue = "16",
      description =
          "Of the timesteps that the bound is computed at; larger takes longer; default"
              + " ${DEFAULT-VALUE}.")
  private int fineness;

  @Option(
      names = "--pictures",
      paramLabel = "N",
      defaultValue = "1000",
      description = "How many are generated, a multiple of ten; default ${DEFAULT-VALUE}.")
  private int pictures;

  @Option(
      names = "--sampling-steps",
      paramLabel = "N",
      defaultValue = "50",
      description = "Of the ancestral sampler; default ${DEFAULT-VALUE}.")
  private int samplingSteps;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Judge this checkpoint, one that was trained alike, and train none.")
  private @Nullable Path model;

  @Override
  public Integer call() throws IOException {
    checkArgument(pictures % 10 == 0, "--pictures must be a multiple of ten, was %s", pictures);
    FashionMnist mnist = FashionMnist.read(data);
    Stopwatch watch = Stopwatch.createStarted();
    try (var progress = new StudyProgress(spec.commandLine().getOut())) {
      var study =
          new FashionStudy(
              settings(mnist), mnist, out, device.open(), progress, application.cancellation());
      Checkpoint checkpoint = model == null ? study.train() : Checkpoint.read(model);
      if (model == null) {
        Path table = out.resolve("training").resolve("events.csv");
        int stretch = (int) Math.max(2, Math.min(100, steps / 10));
        LossPlotCommand.draw(
            out.resolve("loss.png"), List.of(LossCurve.read("Palimpsest", table, stretch)));
      }
      tell(study.judge(checkpoint));
    }
    spec.commandLine()
        .getOut()
        .printf("%s: done in %s%n", out.resolve("results.json"), Elapsed.of(watch));
    return 0;
  }

  private StudySettings settings(FashionMnist mnist) {
    var network = new FashionUNet(mnist.train().width(), channels, 1);
    return new StudySettings(
        new UNetTraining(network, steps, batch, rate, seed),
        classifierSteps,
        tested,
        fineness,
        pictures / FashionMnist.CLASSES.size(),
        samplingSteps);
  }

  private void tell(Map<String, Object> results) {
    PrintWriter console = spec.commandLine().getOut();
    results.forEach(
        (name, value) -> {
          if (!name.equals("settings")) {
            console.printf(Locale.ROOT, "%s: %s%n", name, value);
          }
        });
  }
}
