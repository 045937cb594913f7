package dev.palimpsest.examples;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Stopwatch;
import dev.palimpsest.examples.car.study.CarStudy;
import dev.palimpsest.examples.car.study.RenderData;
import dev.palimpsest.examples.car.study.StudyPlan;
import dev.palimpsest.runtime.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The whole of it: erases from a base model, teaches it a car, draws and measures. */
@Command(
    name = "car-study",
    mixinStandardHelpOptions = true,
    description = {
      "Teaches the starter model makes of car and rallies, erases them and two styles, teaches it"
          + " another car from renders as a LoRA, draws sheets and a large picture, measures all of"
          + " it and writes a page.",
      "The same command on the same folder resumes a study that ended early."
    },
    footer = {"", "palimpsest car-study --quick --out car-study"})
final class CarStudyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @ParentCommand private Palimpsest application = new Palimpsest();
  @Mixin private PictureOptions pictures = new PictureOptions();

  @Option(
      names = "--renders",
      paramLabel = "DIR",
      defaultValue = "diffusion-examples/data/car128",
      description = "The renders by set; default ${DEFAULT-VALUE}.")
  private Path renders = Path.of("");

  @Option(
      names = "--quick",
      description = "Every stage in some minutes, too short to teach much; else some hours.")
  private boolean quick;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Pictures drawn at once, and threads of trainings; default one a core.")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "car-study",
      description = "Default ${DEFAULT-VALUE}.")
  private Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    checkArgument(workers > 0, "--workers must be > 0, was %s", workers);
    Stopwatch watch = Stopwatch.createStarted();
    RenderData data = RenderData.read(renders);
    try (StarterModel starter = StarterModel.open();
        StarterJudge judge = StarterJudge.open(Device.cpu(1));
        var progress = new StudyProgress(spec.commandLine().getOut())) {
      var inputs = new CarStudy.Inputs(starter.checkpoint(), judge.judge(), pictures.read(), data);
      Path page =
          new CarStudy(quick ? StudyPlan.quick() : StudyPlan.full(), inputs, workers)
              .run(out, progress, application.cancellation());
      progress.say(page.toAbsolutePath() + ": done in " + Elapsed.of(watch));
    }
    return 0;
  }
}
