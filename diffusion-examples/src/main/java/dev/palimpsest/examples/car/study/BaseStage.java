package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.examples.car.CarCaption;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.StarterTraining;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.training.DiffusionTraining;
import dev.palimpsest.training.TrainingItem;
import dev.palimpsest.training.TrainingResult;
import dev.palimpsest.training.TrainingRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Trains the starter on, U-Net and text encoder above the new autoencoder, with the other makes,
 * rallies and cars in general, mixed with what it knows, so that there is something to erase. The
 * car itself stays unseen. Renders are shown with every form of caption, so that words are learned
 * wherever they stand, and mirrored.
 */
final class BaseStage implements Stage {
  static final String NAME = "base";

  /** The folder of the training's run. */
  static final String RUN = "run";

  private static final String MODEL = "model";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Base: the starter learns the other makes, rallies, and sedans in general.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    List<TrainingItem> items = items(study);
    Path folder = study.folder().of(NAME);
    Checkpoint start = study.encoding();
    Checkpoint worded = AutoencoderStage.with(start, words(study, start, folder.resolve("words")));
    Checkpoint base = taught(study, worded, items, folder.resolve(RUN));
    Path model = folder.resolve(MODEL);
    if (!Files.exists(model)) {
      base.save(model);
    }
    return Map.of("pictures", items.size(), "parameters", base.parameters());
  }

  /** The text encoder after it has learned to tell the words of captions apart. */
  private static Component words(StudyRun study, Checkpoint checkpoint, Path folder)
      throws IOException {
    List<String> known = new ArrayList<>(List.of(""));
    for (Subject subject : study.inputs().emoji().shown()) {
      for (Style style : Style.values()) {
        known.add(style.prompt(subject.caption()));
      }
    }
    var training = new WordTraining(checkpoint, Concepts.makes(), known, study.training());
    try (TrainingRun run = training.open(study.plan().base().words(), study.training(), folder)) {
      TrainingResult result =
          run.train(study.begin("words", run.step(), run.steps()), study.cancellation());
      study.ended("the training of the words", result.step(), run.steps());
      return training.trained(result.best());
    }
  }

  private static Checkpoint taught(
      StudyRun study, Checkpoint from, List<TrainingItem> items, Path folder) throws IOException {
    StudyPlan.Base plan = study.plan().base();
    var training = new StarterTraining(from, from, plan.batch());
    var lesson = new StarterTraining.Lesson("makes, rallies and emoji64", items, plan.rate());
    try (DiffusionTraining run = training.open(lesson, folder, plan.steps())) {
      TrainingResult result =
          run.train(study.begin(NAME, run.step(), run.steps()), study.cancellation());
      study.ended("the training of the base", result.step(), run.steps());
      return training.checkpoint(run, result.best());
    }
  }

  /** Wide renders are left out: cut to a square they lose the car. */
  private static List<TrainingItem> items(StudyRun study) throws IOException {
    StudyPlan.Base plan = study.plan().base();
    Emoji64 emoji = study.inputs().emoji();
    List<Subject> shown = Concepts.order(emoji);
    List<Subject> subjects = shown.subList(0, Math.min(plan.subjects(), shown.size()));
    var items = new ArrayList<>(StarterTraining.items(emoji, subjects, List.of(Style.values())));
    List<LabelledRender> makes = LabelledRender.squares(study.inputs().renders().unwanted());
    List<LabelledRender> rallies = LabelledRender.squares(study.inputs().renders().rally());
    for (int repeat = 0; repeat < plan.repeats(); repeat++) {
      for (int i = 0; i < makes.size(); i++) {
        items.add(render(makes.get(i), i, repeat));
      }
      for (LabelledRender rally : rallies) {
        items.add(StarterTraining.item(rally.square(Emoji64.SIZE), rally.caption()));
      }
    }
    return items;
  }

  /**
   * Each time in another form, each second time mirrored, each third time without the make: what is
   * taught of sedans in general.
   */
  private static TrainingItem render(LabelledRender render, int number, int repeat)
      throws IOException {
    boolean mirrored = repeat % 2 == 1;
    BufferedImage picture = render.square(Emoji64.SIZE);
    CarCaption form = CarCaption.values()[(number + repeat) % CarCaption.values().length];
    String caption = form.of(mirrored ? Question.mirrored(render.labels()) : render.labels());
    String make = requireNonNull(render.labels().get(Question.MAKE.parameter()));
    return StarterTraining.item(
        mirrored ? LabelledRender.mirrored(picture) : picture,
        repeat % 3 == 2 ? Concepts.general(caption, make) : caption);
  }
}
