package dev.palimpsest.examples.car.study;

import dev.palimpsest.examples.car.Angle;
import dev.palimpsest.examples.car.CarCaption;
import dev.palimpsest.examples.car.CarScene;
import dev.palimpsest.examples.car.Finish;
import dev.palimpsest.examples.car.Ground;
import dev.palimpsest.examples.car.Height;
import dev.palimpsest.examples.car.Light;
import dev.palimpsest.examples.car.Paint;
import dev.palimpsest.examples.car.RenderSets;
import dev.palimpsest.examples.car.Trait;
import dev.palimpsest.examples.car.Wheels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A contact sheet to be drawn.
 *
 * @param name of its file
 * @param title for people
 * @param prompts row by row
 */
record Sheet(
    String name, String title, List<String> rows, List<String> columns, List<String> prompts) {
  private static final List<String> PLATES = List.of("KA 27", "MO 08", "XY 45", "BE 61");

  /** All sheets of the car, with at most so many values of a parameter. */
  static List<Sheet> all(int values) {
    List<Angle> angles = some(Angle.values(), values);
    return List.of(
        viewByLight(angles, some(Light.values(), values)),
        paintByFinish(some(Paint.values(), values)),
        wheels(angles),
        plates(PLATES.subList(0, Math.min(values, PLATES.size()))));
  }

  private static Sheet viewByLight(List<Angle> angles, List<Light> lights) {
    var prompts = new ArrayList<String>();
    for (Light light : lights) {
      for (Angle angle : angles) {
        Ground ground = light == Light.STUDIO ? Ground.FLOOR : Ground.ROAD;
        prompts.add(
            prompt(
                new CarScene.Body(RenderSets.CAR, Paint.RED, Finish.GLOSS, Wheels.STAR),
                new CarScene.Camera(angle, Height.LOW),
                new CarScene.Place(light, ground)));
      }
    }
    return new Sheet("view-light", "View and light", words(lights), words(angles), prompts);
  }

  private static Sheet paintByFinish(List<Paint> paints) {
    var prompts = new ArrayList<String>();
    for (Finish finish : Finish.values()) {
      for (Paint paint : paints) {
        prompts.add(
            prompt(
                new CarScene.Body(RenderSets.CAR, paint, finish, Wheels.STAR),
                new CarScene.Camera(Angle.LEFT_FRONT_THREE_QUARTER, Height.LOW),
                new CarScene.Place(Light.OVERCAST, Ground.GRASS)));
      }
    }
    return new Sheet(
        "paint-finish",
        "Paint and finish",
        words(List.of(Finish.values())),
        words(paints),
        prompts);
  }

  private static Sheet wheels(List<Angle> angles) {
    var prompts = new ArrayList<String>();
    for (Wheels wheels : Wheels.values()) {
      for (Angle angle : angles) {
        prompts.add(
            prompt(
                new CarScene.Body(RenderSets.CAR, Paint.BLUE, Finish.METALLIC, wheels),
                new CarScene.Camera(angle, Height.HIGH),
                new CarScene.Place(Light.NOON, Ground.SAND)));
      }
    }
    return new Sheet("wheels", "Wheels", words(List.of(Wheels.values())), words(angles), prompts);
  }

  /** Number plates, which are shown and not scored. */
  private static Sheet plates(List<String> plates) {
    var prompts = new ArrayList<String>();
    List<Angle> angles = List.of(Angle.FRONT, Angle.REAR);
    for (Angle angle : angles) {
      for (String plate : plates) {
        var scene =
            new CarScene(
                new CarScene.Body(RenderSets.CAR, Paint.WHITE, Finish.GLOSS, Wheels.STAR),
                new CarScene.Camera(angle, Height.LOW),
                new CarScene.Place(Light.NOON, Ground.ROAD),
                plate);
        prompts.add(CarCaption.PLATE.of(scene));
      }
    }
    return new Sheet("plates", "Number plates", words(angles), plates, prompts);
  }

  /** A caption without a plate. */
  static String prompt(CarScene.Body body, CarScene.Camera camera, CarScene.Place place) {
    return CarCaption.CAR_FIRST.of(new CarScene(body, camera, place, PLATES.get(0)));
  }

  private static List<String> words(List<? extends Trait> traits) {
    return traits.stream().map(Trait::words).toList();
  }

  /** At most so many of the values, evenly apart. */
  static <T> List<T> some(T[] values, int most) {
    int count = Math.min(most, values.length);
    var some = new ArrayList<T>();
    for (int i = 0; i < count; i++) {
      some.add(Arrays.asList(values).get(i * values.length / count));
    }
    return some;
  }
}
