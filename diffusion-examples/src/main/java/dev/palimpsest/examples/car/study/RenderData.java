package dev.palimpsest.examples.car.study;

import dev.palimpsest.examples.car.RenderSets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The renders of the study by set, as {@link RenderSets} names them. Immutable.
 *
 * @param folder where the sets lie
 * @param car what the LoRA is taught
 * @param carHeldOut the same car, other parameters
 * @param makes the other makes
 * @param makesHeldOut the same makes, other parameters
 * @param rally placards and banners
 * @param small small ones of all makes: those of the car are for judges only
 */
public record RenderData(
    Path folder,
    List<LabelledRender> car,
    List<LabelledRender> carHeldOut,
    List<LabelledRender> makes,
    List<LabelledRender> makesHeldOut,
    List<LabelledRender> rally,
    List<LabelledRender> small) {

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
        LabelledRender.read(folder.resolve("rally")),
        LabelledRender.read(folder.resolve("small")));
  }

  /** The saloons that judges are trained on. */
  List<LabelledRender> shown() {
    return Stream.of(car, makes, small).flatMap(List::stream).toList();
  }

  /** The other makes, all sizes: what the base is taught. */
  List<LabelledRender> unwanted() {
    return Stream.concat(makes.stream(), small.stream().filter(render -> !render.isCar())).toList();
  }

  /** The saloons that judges are tested on. */
  List<LabelledRender> heldOut() {
    return Stream.of(carHeldOut, makesHeldOut).flatMap(List::stream).toList();
  }
}
