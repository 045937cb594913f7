package dev.palimpsest.examples.car;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RenderSetsTest {
  private static final List<String> PARAMETERS =
      List.of("make", "paint", "finish", "wheels", "angle", "height", "light", "ground");

  private final RenderSets sets = RenderSets.of(RenderSets.SEED);

  @Test
  void sizesOfTheSets() {
    var sizes = new TreeMap<String, Integer>();
    sets.names().forEach(name -> sizes.put(name, sets.set(name).size()));
    assertEquals(
        Map.of(
            "car",
            200,
            "car_held_out",
            150,
            "makes",
            180,
            "makes_held_out",
            48,
            "rally",
            42,
            "small",
            600),
        sizes);
    assertEquals(List.of(), sets.set("no such set"));
  }

  @Test
  void noTwoPicturesOfSaloonsHaveTheSameParameters() {
    var seen = new HashSet<List<String>>();
    int count = 0;
    for (String name : Set.of("car", "car_held_out", "makes", "makes_held_out", "small")) {
      for (Render render : sets.set(name)) {
        seen.add(PARAMETERS.stream().map(key -> String.valueOf(render.fields().get(key))).toList());
        count++;
      }
    }
    assertEquals(count, seen.size());
  }

  @Test
  void theCarIsInItsSetsOnly() {
    for (String name : List.of("car", "car_held_out", "makes", "makes_held_out")) {
      for (Render render : sets.set(name)) {
        assertEquals(name.startsWith("car"), "velune".equals(render.fields().get("make")), name);
      }
    }
  }

  @Test
  void valuesComeEquallyOften() {
    for (String key : List.of("paint", "finish", "wheels", "angle", "height", "light")) {
      var counts = new HashMap<String, Integer>();
      sets.set("car")
          .forEach(r -> counts.merge(String.valueOf(r.fields().get(key)), 1, Integer::sum));
      int least = counts.values().stream().min(Integer::compare).orElseThrow();
      int most = counts.values().stream().max(Integer::compare).orElseThrow();
      // Scenes that came before are drawn again.
      assertTrue(most - least <= 4, key + " " + counts);
    }
  }

  @Test
  void theSameForOneSeed() {
    RenderSets again = RenderSets.of(RenderSets.SEED);
    RenderSets other = RenderSets.of(RenderSets.SEED + 1);
    for (String name : sets.names()) {
      assertEquals(sets.set(name), again.set(name));
      assertNotEquals(sets.set(name), other.set(name));
    }
  }
}
