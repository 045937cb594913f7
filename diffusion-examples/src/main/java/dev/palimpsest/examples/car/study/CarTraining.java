package dev.palimpsest.examples.car.study;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.EmojiFolder;
import dev.palimpsest.examples.emoji.LoraStudy;
import dev.palimpsest.examples.emoji.StarterTraining;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.lora.Crops;
import dev.palimpsest.lora.ImageFolder;
import dev.palimpsest.lora.Lora;
import dev.palimpsest.lora.LoraFormat;
import dev.palimpsest.lora.LoraTargets;
import dev.palimpsest.lora.LoraTraining;
import dev.palimpsest.lora.TriggerWord;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.training.LearningRate;
import dev.palimpsest.training.TrainingListener;
import dev.palimpsest.training.TrainingStep;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Teaches the car to a model as a LoRA, in a stage's folder: {@code run}, {@code known} (pictures
 * that keep what the model knows), {@code validation} and the LoRA itself.
 *
 * @param base with its layers
 */
record CarTraining(StudyRun study, Checkpoint base, Path folder) {
  static final String FILE = "velune.safetensors";

  private static final int MULTIPLE = 16;
  private static final TriggerWord WORD = TriggerWord.of(RenderSets.CAR.words()).forClass("sedan");

  /** Trains what is left to train and saves the LoRA. */
  Lora train() throws IOException {
    try (LoraTraining training = open()) {
      training.advice().forEach(advice -> study.listener().say("trigger " + advice.text()));
      long every = Math.max(1, training.steps() / study.plan().lora().validations());
      TrainingListener listener =
          study
              .begin("lora", training.step(), training.steps())
              .and(TrainingListener.every(every, step -> validate(training, step)));
      Lora lora = training.train(listener, study.cancellation());
      study.ended("the training of the LoRA", training.step(), training.steps());
      lora.save(folder.resolve(FILE), LoraFormat.DIFFUSERS);
      return lora;
    }
  }

  private LoraTraining open() throws IOException {
    StudyPlan.Teaching plan = study.plan().lora();
    return LoraTraining.builder(base)
        .name(RenderSets.CAR.words())
        .dataset(ImageFolder.of(study.inputs().renders().folder().resolve("car")))
        .trigger(WORD)
        .priorPrediction(known(), LoraStudy.PRIOR_WEIGHT)
        .captionDropout(LoraStudy.WITHOUT_CAPTION)
        .resolutions(plan.sides().stream().mapToInt(Integer::intValue).toArray())
        .multiple(MULTIPLE)
        .crops(plan.views() == 1 ? Crops.CENTRED : Crops.random(plan.views()).zoom(1.1))
        .targets(LoraTargets.ALL_WITH_CONV)
        .textEncoder(plan.rate())
        .rank(plan.rank())
        .batch(plan.batch())
        .minSnr(StarterTraining.GAMMA)
        .learningRate(LearningRate.cosine(plan.rate(), plan.steps()).warmup(plan.steps() / 20))
        .steps(plan.steps())
        .saveEvery(100)
        .device(study.training())
        .open(folder.resolve("run"));
  }

  /** Pictures of subjects that the model knows, in the styles that are not erased. */
  private ImageFolder known() throws IOException {
    Emoji64 emoji = study.inputs().emoji();
    List<Subject> subjects = new Concepts(emoji, study.plan()).known();
    return EmojiFolder.write(emoji, subjects, Concepts.keptStyles(), folder.resolve("known"));
  }

  /** A few pictures by the LoRA as it is at a step. */
  private void validate(LoraTraining training, TrainingStep step) {
    List<Asked> asked = SheetStage.validation(study.plan());
    try (DiffusionPipeline pipeline =
        DiffusionPipeline.builder(base)
            .adapter(training.lora(step.weights()))
            .device(Device.cpu(1))
            .open()) {
      Path own =
          folder.resolve("validation").resolve(String.format(Locale.ROOT, "%06d", step.step()));
      Files.createDirectories(own);
      new Gallery(study).draw(pipeline, asked, own);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
