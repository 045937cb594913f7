package dev.palimpsest.examples.car.study;

import dev.palimpsest.examples.car.RenderSets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The renders of the study by set, as {@link RenderSets} names them. Immutable.
 *
 * @param folder where the sets lie
 * @param car what the LoRA is taught
 * @param carHeldOut the same car, other parameters
 * @param makes the other makes
 * @param makesHeldOut the same makes, other parameters
 * @param rally placards and banners
 */
public record RenderData(
    Path folder,
    List<LabelledRender> car,
    List<LabelledRender> carHeldOut,
    List<LabelledRender> makes,
    List<LabelledRender> makesHeldOut,
    List<LabelledRender> rally) {

  /**
   * Reads a folder that holds the sets; pictures are read when they are needed.
   *
   * @throws java.nio.file.NoSuchFileException if a set is missing
   */
  public static RenderData read(Path folder) throws IOException {
    return new RenderData(
        folder,
        LabelledRender.read(folder.resolve("car")),
        LabelledRender.read(folder.resolve("car_held_out")),
        LabelledRender.read(folder.resolve("makes")),
        LabelledRender.read(folder.resolve("makes_held_out")),
        LabelledRender.read(folder.resolve("rally")));
  }

  /** The saloons that judges are trained on. */
  List<LabelledRender> shown() {
    return both(car, makes);
  }

  /** The saloons that judges are tested on. */
  List<LabelledRender> heldOut() {
    return both(carHeldOut, makesHeldOut);
  }

  private static List<LabelledRender> both(
      List<LabelledRender> first, List<LabelledRender> second) {
    var all = new ArrayList<>(first);
    all.addAll(second);
    return List.copyOf(all);
  }
}
