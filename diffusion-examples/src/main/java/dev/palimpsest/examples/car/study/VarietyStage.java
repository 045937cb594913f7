package dev.palimpsest.examples.car.study;

import com.google.common.math.Quantiles;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.examples.car.CarScene;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.metrics.Diversity;
import dev.palimpsest.examples.metrics.FeatureSet;
import dev.palimpsest.image.ContactSheet;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures whether seeds differ and whether pictures are copies: distances between pictures of one
 * prompt, and of pictures to the nearest one that the LoRA was taught, beside those of held-out
 * renders. Distances are Euclidean, between the judges' features.
 */
final class VarietyStage implements Stage {
  static final String NAME = "variety";
  static final String NEAREST = "nearest.png";

  private static final int PROMPTS = 4;
  private static final int SHOWN = 8;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String title() {
    return "Variety: do seeds differ, and is anything a copy of what was taught?";
  }

  @Override
  public Map<String, Object> run(StudyRun study) throws IOException {
    RenderData renders = study.inputs().renders();
    List<BufferedImage> taught = pictures(renders.car());
    var words = TriggerWords.of(study.plan().pictures().scenes());
    Checkpoint stack = study.stack();
    List<BufferedImage> drawn = new Gallery(study).draw(stack, words.asked());
    Map<String, Object> result = new LinkedHashMap<>();
    try (CarJudges judges = study.judges()) {
      FeatureSet known = features(judges, taught);
      List<Nearest> ofDrawn = nearest(features(judges, drawn), known);
      double[] toDrawn = distances(ofDrawn, result, "generated");
      double[] toHeldOut =
          distances(
              nearest(features(judges, pictures(renders.carHeldOut())), known), result, "held_out");
      double near = Quantiles.percentiles().index(5).compute(toHeldOut);
      long copies = Arrays.stream(toDrawn).filter(distance -> distance < near).count();
      result.put("nearer_than_5_percent_of_held_out", (double) copies / toDrawn.length);
      sheet(study.folder().of(NAME).resolve(NEAREST), drawn, taught, ofDrawn);
      diversity(study, stack, judges, result);
    }
    return result;
  }

  private static List<BufferedImage> pictures(List<LabelledRender> renders) throws IOException {
    var pictures = new ArrayList<BufferedImage>();
    for (LabelledRender render : renders) {
      pictures.add(LabelledRender.square(Pictures.read(render.file()), Emoji64.SIZE));
    }
    return pictures;
  }

  private static FeatureSet features(CarJudges judges, List<BufferedImage> pictures) {
    return FeatureSet.of(
        Tensor.concat(judges.look(pictures).stream().map(Seen::features).toList()));
  }

  /** Of a picture the taught one that is nearest. */
  private record Nearest(int picture, int taught, double distance) {}

  private static List<Nearest> nearest(FeatureSet pictures, FeatureSet known) {
    List<Nearest> nearest = new ArrayList<>();
    for (int i = 0; i < pictures.count(); i++) {
      double[] distances = pictures.distances(i, known);
      int best = 0;
      for (int j = 1; j < distances.length; j++) {
        best = distances[j] < distances[best] ? j : best;
      }
      nearest.add(new Nearest(i, best, distances[best]));
    }
    return nearest;
  }

  private static double[] distances(
      List<Nearest> nearest, Map<String, Object> result, String name) {
    double[] distances = nearest.stream().mapToDouble(Nearest::distance).toArray();
    result.put(name + "_nearest_median", Quantiles.median().compute(distances));
    result.put(name + "_nearest_least", Arrays.stream(distances).min().orElseThrow());
    return distances;
  }

  /** The pictures that are nearest to a taught one, each above it. */
  private static void sheet(
      Path file, List<BufferedImage> drawn, List<BufferedImage> taught, List<Nearest> nearest)
      throws IOException {
    List<Nearest> closest =
        nearest.stream()
            .sorted(Comparator.comparingDouble(Nearest::distance))
            .limit(SHOWN)
            .toList();
    var cells = new ArrayList<BufferedImage>();
    closest.forEach(pair -> cells.add(drawn.get(pair.picture)));
    closest.forEach(pair -> cells.add(taught.get(pair.taught)));
    PngFile.write(file, ContactSheet.of(cells, closest.size()).draw(), PngMetadata.generated());
  }

  /** The mean distance of pictures of one prompt; beside it that of taught renders of one angle. */
  private static void diversity(
      StudyRun study, Checkpoint stack, CarJudges judges, Map<String, Object> result)
      throws IOException {
    int seeds = Math.max(2, study.plan().pictures().seeds());
    List<CarScene> scenes = RenderSets.scenes(RenderSets.CAR, PROMPTS, SHOWN);
    var asked = new ArrayList<Asked>();
    for (CarScene scene : scenes) {
      String prompt = Sheet.prompt(scene.body(), scene.camera(), scene.place());
      for (int seed = 0; seed < seeds; seed++) {
        asked.add(new Asked(prompt, seed, Emoji64.SIZE, Emoji64.SIZE));
      }
    }
    List<BufferedImage> drawn = new Gallery(study).draw(stack, asked);
    result.put("diversity", Diversity.of(features(judges, drawn), PROMPTS).mean());
    String angle = Question.ANGLE.parameter();
    List<LabelledRender> alike = new ArrayList<>();
    for (String view : Question.ANGLE.answers()) {
      List<LabelledRender> some =
          study.inputs().renders().car().stream()
              .filter(render -> view.equals(render.labels().get(angle)))
              .limit(2)
              .toList();
      alike.addAll(some.size() == 2 ? some : List.of());
    }
    if (!alike.isEmpty()) {
      result.put(
          "diversity_of_renders_of_one_angle",
          Diversity.of(features(judges, pictures(alike)), alike.size() / 2).mean());
    }
  }
}
