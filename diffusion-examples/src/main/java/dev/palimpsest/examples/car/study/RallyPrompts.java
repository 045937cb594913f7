package dev.palimpsest.examples.car.study;

import dev.palimpsest.examples.car.Light;
import dev.palimpsest.examples.car.RallyScene;
import dev.palimpsest.examples.car.Symbol;
import java.util.List;
import java.util.stream.IntStream;

/** Captions of rallies, kinds and values in turn. */
final class RallyPrompts {
  private static final List<Light> LIGHTS =
      List.of(Light.NOON, Light.SUNSET, Light.OVERCAST, Light.NIGHT);

  private RallyPrompts() {}

  /** What an erasure is told; none equals one that is measured. */
  static List<String> told(int count) {
    return captions(count, 3); // an odd shift pairs every colour with the other kind
  }

  /** By what an erasure is measured. */
  static List<String> measured(int count) {
    return captions(count, 0);
  }

  private static List<String> captions(int count, int shift) {
    return IntStream.range(0, count).mapToObj(i -> scene(i, i + shift).caption()).toList();
  }

  private static RallyScene scene(int kind, int value) {
    return new RallyScene(
        in(List.of(RallyScene.Kind.values()), kind),
        in(List.of(Symbol.values()), value),
        in(RallyScene.COLOURS, value),
        RallyScene.SLOGANS.get(0),
        in(LIGHTS, value));
  }

  private static <T> T in(List<T> values, int turn) {
    return values.get(turn % values.size());
  }
}
