package dev.palimpsest.examples.car.study;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.image.ContactSheet;
import dev.palimpsest.image.PictureError;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.runtime.Device;
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
 * Trains the starter's autoencoder on, which knows drawings on white only: what it cannot encode no
 * training of the networks above it can teach. The car stays unseen.
 */
final class AutoencoderStage implements Stage {
  static final String NAME = "autoencoder";
  static final String SHEET = "sheet.png";

  private static final String PART = "vae";
  private static final int SHOWN = 8;

  /** How often a render is listed beside a picture of a subject. */
  private static final int REPEATS = 4;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Autoencoder: the starter's, which knows drawings on white, learns renders.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    Path folder = study.folder().of(NAME);
    Checkpoint starter = study.inputs().starter();
    var training = new AutoencoderTraining(starter.component(PART), pictures(study));
    Component trained;
    try (TrainingRun run =
        training.open(study.plan().autoencoder(), study.training(), folder.resolve("run"))) {
      TrainingResult result =
          run.train(study.begin(NAME, run.step(), run.steps()), study.cancellation());
      study.ended("the training of the autoencoder", result.step(), run.steps());
      trained = training.trained(result.best(), study.training());
    }
    Path model = folder.resolve("model");
    if (!Files.exists(model)) {
      with(starter, trained).save(model);
    }
    return compared(study, starter.component(PART), trained, folder);
  }

  /** A checkpoint with a part replaced. */
  static Checkpoint with(Checkpoint checkpoint, Component part) {
    var parts = new ArrayList<Component>();
    for (String name : checkpoint.components()) {
      parts.add(name.equals(part.name()) ? part : checkpoint.component(name));
    }
    return Checkpoint.of(checkpoint.index(), parts);
  }

  private static List<BufferedImage> pictures(StudyRun study) throws IOException {
    var pictures = new ArrayList<BufferedImage>();
    Emoji64 emoji = study.inputs().emoji();
    for (Subject subject : emoji.shown()) {
      for (Style style : Style.values()) {
        pictures.add(emoji.picture(subject, style));
      }
    }
    var renders = new ArrayList<>(study.inputs().renders().unwanted());
    renders.addAll(study.inputs().renders().rally());
    for (LabelledRender render : renders) {
      BufferedImage picture = Pictures.read(render.file());
      for (int repeat = 0; repeat < REPEATS; repeat++) {
        pictures.add(picture);
      }
    }
    return pictures;
  }

  /** Held-out renders and drawings through the autoencoder as it was and as it is. */
  private static Map<String, Object> compared(
      StudyRun study, Component before, Component after, Path folder) throws IOException {
    var renders = new ArrayList<BufferedImage>();
    for (LabelledRender render : study.inputs().renders().heldOut()) {
      renders.add(render.square(Emoji64.SIZE));
    }
    var drawings = new ArrayList<BufferedImage>();
    Emoji64 emoji = study.inputs().emoji();
    for (Subject subject : emoji.subjects()) {
      if (subject.group().equals(Emoji64.HELD_OUT)) {
        drawings.add(emoji.picture(subject, Style.RENDER));
      }
    }
    Device device = study.training();
    List<BufferedImage> was = AutoencoderTraining.through(before, renders, device);
    List<BufferedImage> is = AutoencoderTraining.through(after, renders, device);
    int shown = Math.min(SHOWN, renders.size());
    var cells = new ArrayList<>(renders.subList(0, shown));
    cells.addAll(was.subList(0, shown));
    cells.addAll(is.subList(0, shown));
    PngFile.write(
        folder.resolve(SHEET), ContactSheet.of(cells, shown).draw(), PngMetadata.generated());
    return Map.of(
        "renders_before", psnr(renders, was),
        "renders", psnr(renders, is),
        "drawings_before", psnr(drawings, AutoencoderTraining.through(before, drawings, device)),
        "drawings", psnr(drawings, AutoencoderTraining.through(after, drawings, device)));
  }

  /** The mean of the peak signal-to-noise ratios in decibels. */
  private static double psnr(List<BufferedImage> expected, List<BufferedImage> actual) {
    double sum = 0;
    for (int i = 0; i < expected.size(); i++) {
      sum +=
          PictureError.of(
                  Pictures.toUnit(Pictures.toTensor(expected.get(i))),
                  Pictures.toUnit(Pictures.toTensor(actual.get(i))))
              .psnr();
    }
    return sum / expected.size();
  }
}
