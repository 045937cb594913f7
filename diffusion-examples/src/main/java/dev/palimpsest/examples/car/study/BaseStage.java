package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.StarterTraining;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.training.DiffusionTraining;
import dev.palimpsest.training.TrainingItem;
import dev.palimpsest.training.TrainingResult;
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
 * car itself stays unseen.
 */
final class BaseStage implements Stage {
  static final String NAME = "base";

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
    Path folder = study.folder().of(NAME);
    StudyPlan.Base plan = study.plan().base();
    List<TrainingItem> items = items(study);
    Checkpoint starter = study.encoding();
    var training = new StarterTraining(starter, starter, plan.batch());
    var lesson = new StarterTraining.Lesson("makes, rallies and emoji64", items, plan.rate());
    try (DiffusionTraining run = training.open(lesson, folder.resolve("run"), plan.steps())) {
      TrainingResult result =
          run.train(study.begin(NAME, run.step(), run.steps()), study.cancellation());
      study.ended("the training of the base", result.step(), run.steps());
      Path model = folder.resolve("model");
      if (!Files.exists(model)) {
        training.checkpoint(run, result.best()).save(model);
      }
    }
    return Map.of("pictures", items.size(), "parameters", study.base().parameters());
  }

  private static List<TrainingItem> items(StudyRun study) throws IOException {
    StudyPlan.Base plan = study.plan().base();
    Emoji64 emoji = study.inputs().emoji();
    List<Subject> shown = Concepts.order(emoji);
    List<Subject> subjects = shown.subList(0, Math.min(plan.subjects(), shown.size()));
    var items = new ArrayList<>(StarterTraining.items(emoji, subjects, List.of(Style.values())));
    for (int repeat = 0; repeat < plan.repeats(); repeat++) {
      for (LabelledRender render : study.inputs().renders().unwanted()) {
        add(items, render, repeat % 3 == 2 ? general(render) : render.caption());
      }
      for (LabelledRender render : study.inputs().renders().rally()) {
        add(items, render, render.caption());
      }
    }
    return items;
  }

  /** Wide renders are left out: cut to a square they lose the car. */
  private static void add(List<TrainingItem> items, LabelledRender render, String caption)
      throws IOException {
    if (render.isSquare()) {
      BufferedImage picture = render.square(Emoji64.SIZE);
      items.add(StarterTraining.item(picture, caption));
    }
  }

  /** The caption without the make: what is taught of sedans in general. */
  private static String general(LabelledRender render) {
    String make = requireNonNull(render.labels().get(Question.MAKE.parameter()));
    return Concepts.general(render.caption(), make);
  }
}
