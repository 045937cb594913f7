package dev.palimpsest.examples.car.study;

import dev.palimpsest.DiffusionPipeline;
import dev.palimpsest.GenerationListener;
import dev.palimpsest.GenerationRequest;
import dev.palimpsest.VaeTiling;
import dev.palimpsest.Windows;
import dev.palimpsest.examples.car.Angle;
import dev.palimpsest.examples.car.CarScene;
import dev.palimpsest.examples.car.Finish;
import dev.palimpsest.examples.car.Ground;
import dev.palimpsest.examples.car.Height;
import dev.palimpsest.examples.car.Light;
import dev.palimpsest.examples.car.Paint;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.examples.car.Wheels;
import dev.palimpsest.image.Pictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Draws the car large: at a size that the model knows, then enlarged to about twice the size again
 * and again, each time denoised anew in windows, less the larger it is.
 */
final class LargeStage implements Stage {
  static final String NAME = "large";

  private static final int FIRST = 80;
  private static final Windows WINDOWS = new Windows(96, 96, 32);
  private static final double STRENGTH = 0.2;
  private static final double FADING = 0.5;
  private static final long SEED = 3;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Large: one picture in windows, step by step.";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    Path folder = study.folder().of(NAME);
    List<Integer> widths = widths(study.plan().pictures().width());
    Map<String, Object> result = new LinkedHashMap<>();
    try (DiffusionPipeline pipeline =
        DiffusionPipeline.builder(study.stack()).device(study.training()).open()) {
      study.listener().begin("enlarging", widths.size());
      for (int level = 0; level < widths.size(); level++) {
        GenerationRequest request = request(study, folder, widths, level);
        Path file = file(folder, widths.get(level));
        if (!Files.exists(file)) {
          pipeline
              .generate(request, GenerationListener.NONE, study.cancellation())
              .first()
              .save(file);
        }
        result.put(
            String.valueOf(file.getFileName()),
            Map.of("planned_bytes", pipeline.memoryPlan(request).peak()));
        study.listener().step();
      }
    }
    return result;
  }

  private static GenerationRequest request(
      StudyRun study, Path folder, List<Integer> widths, int level) throws IOException {
    int width = widths.get(level);
    GenerationRequest request = new Gallery(study).request(new Asked(prompt(), SEED, width, width));
    return level == 0
        ? request
        : request
            .image(Pictures.read(file(folder, widths.get(level - 1))))
            .strength(strength(level, study.plan().pictures().steps()))
            .windows(WINDOWS)
            .vaeTiling(VaeTiling.EXACT);
  }

  private static String prompt() {
    return Sheet.prompt(
        new CarScene.Body(RenderSets.CAR, Paint.BLUE, Finish.GLOSS, Wheels.STAR),
        new CarScene.Camera(Angle.LEFT_FRONT_THREE_QUARTER, Height.LOW),
        new CarScene.Place(Light.OVERCAST, Ground.GRASS));
  }

  /** Each about twice the one before. */
  static List<Integer> widths(int last) {
    var widths = new ArrayList<Integer>();
    for (int width = FIRST; width < last; width *= 2) {
      widths.add(width);
    }
    if (widths.size() > 1 && 4 * last < 5 * widths.get(widths.size() - 1)) {
      widths.remove(widths.size() - 1); // the last but one is nearly as large
    }
    widths.add(last);
    return widths;
  }

  /** Of image to image at a level above the first, less at each, but never less than one step. */
  static double strength(int level, int steps) {
    return Math.max(1.0 / steps, STRENGTH * Math.pow(FADING, level - 1));
  }

  static Path file(Path folder, int width) {
    return folder.resolve(String.format(Locale.ROOT, "%04dx%1$04d.png", width));
  }
}
