package dev.palimpsest.examples.car.study;

import dev.palimpsest.examples.car.Light;
import dev.palimpsest.examples.car.RallyScene;
import dev.palimpsest.examples.car.Symbol;
import java.util.ArrayList;
import java.util.List;

/** Captions of rallies that none of the erasure's prompts equals. */
final class RallyPrompts {
  private static final List<Light> LIGHTS =
      List.of(Light.NOON, Light.SUNSET, Light.OVERCAST, Light.NIGHT);

  private RallyPrompts() {}

  static List<String> measured(int count) {
    var captions = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      var kinds = RallyScene.Kind.values();
      captions.add(
          new RallyScene(
                  kinds[i % kinds.length],
                  Symbol.values()[i % Symbol.values().length],
                  RallyScene.COLOURS.get(i % RallyScene.COLOURS.size()),
                  RallyScene.SLOGANS.get(0),
                  LIGHTS.get(i % LIGHTS.size()))
              .caption());
    }
    return captions;
  }
}
