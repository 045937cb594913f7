package dev.palimpsest.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SettingChangeTest {
  private static String text(Map<String, String> before, Map<String, String> now) {
    return SettingChange.text(SettingChange.between(before, now));
  }

  @Test
  void namesWhatChanged() {
    assertEquals(
        "{rate=(none) there, 2 now, steps=20 there, 30 now}",
        text(Map.of("steps", "20", "seed", "7"), Map.of("steps", "30", "seed", "7", "rate", "2")));
    assertEquals(List.of(), SettingChange.between(Map.of("a", "1"), Map.of("a", "1")));
  }

  @Test
  void showsOfLongValuesWhereTheyDiffer() {
    String same = "a red car, ".repeat(30);
    String text =
        text(Map.of("prompts", same + "blue" + same), Map.of("prompts", same + "green" + same));
    assertTrue(text.contains("blue") && text.contains("green"), text);
    assertTrue(text.startsWith("{prompts=…") && text.length() < 200, text);
    assertEquals(
        "{prompts=" + same.substring(0, 60) + "… there, (none) now}",
        text(Map.of("prompts", same), Map.of()));
  }

  @Test
  void countsWhatItDoesNotName() {
    Map<String, String> now = new TreeMap<>();
    for (int i = 0; i < 30; i++) {
      now.put("setting" + i, "on");
    }
    String text = text(Map.of(), now);
    assertTrue(text.endsWith("(none) there, on now, and 22 more}"), text);
  }
}
