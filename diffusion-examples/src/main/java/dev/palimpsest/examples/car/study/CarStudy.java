package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.examples.ProcessMemory;
import dev.palimpsest.examples.StudyListener;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.Judge;
import dev.palimpsest.runtime.Cancellation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The study of the car in a folder: judges are trained, the starter model learns other makes,
 * unwanted concepts are erased from it, the car is taught to it, then all is drawn, measured and
 * reported. Run again on its folder it goes on where it ended.
 */
public final class CarStudy {
  private static final List<Stage> STAGES =
      List.of(
          new JudgeStage(),
          new AutoencoderStage(),
          new BaseStage(),
          new EraseStage(),
          new LoraStage(),
          new SheetStage(),
          new LargeStage(),
          new WordStage(),
          new KeptStage(),
          new VarietyStage(),
          new AblationStage());

  private final StudyPlan plan;
  private final Inputs inputs;
  private final int workers;

  /**
   * What a study starts from; the caller closes what is to be closed.
   *
   * @param starter the model that the base is trained from
   * @param judge of the emoji
   * @param emoji what the starter knows
   */
  public record Inputs(Checkpoint starter, Judge judge, Emoji64 emoji, RenderData renders) {}

  /**
   * @param workers pictures drawn at once, and threads of a training
   */
  public CarStudy(StudyPlan plan, Inputs inputs, int workers) {
    this.plan = plan;
    this.inputs = inputs;
    this.workers = workers;
  }

  /**
   * Runs the stages that have not ended and writes the report.
   *
   * @return the report's page
   * @throws IllegalArgumentException if the folder's study was started with other settings
   * @throws CancelledException if cancelled; the same call goes on
   */
  public Path run(Path folder, StudyListener listener, Cancellation cancellation)
      throws IOException {
    StudyFolder files = StudyFolder.open(folder, settings());
    var study = new StudyRun(plan, inputs, files, workers, listener, cancellation);
    for (Stage stage : STAGES) {
      if (files.result(stage.name()).isEmpty()) {
        cancellation.throwIfCancelled();
        listener.say(stage.title());
        run(stage, study);
      }
    }
    return StudyPage.write(study, STAGES);
  }

  private static void run(Stage stage, StudyRun study) throws IOException {
    long begin = System.nanoTime();
    try (var memory = new ProcessMemory()) {
      try {
        study.folder().finish(stage.name(), stage.run(study));
      } finally {
        double seconds = (System.nanoTime() - begin) / 1e9;
        study.folder().spend(stage.name(), seconds, memory.peakAnonymous());
      }
    }
  }

  private Map<String, Object> settings() {
    Map<String, Object> settings = new TreeMap<>(plan.asMap());
    settings.put("starter", inputs.starter.hash());
    settings.put("renders", inputs.renders.shown().size() + inputs.renders.heldOut().size());
    return settings;
  }
}
