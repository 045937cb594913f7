package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.training.SeededStream;
import java.util.List;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class CaptionsTest {
  private static final List<TriggerWord> CAR = List.of(TriggerWord.of("m5g90").forClass("car"));

  private static String whole(String caption) {
    return Captions.PLAIN.with(CAR).whole(caption);
  }

  @Test
  void triggersStandInFront() {
    assertEquals("m5g90 car", whole(""));
    assertEquals("m5g90 car, red, at night", whole("red, at night"));
    assertEquals("a photo of M5G90, red", whole("red,a photo of M5G90,"));
    assertEquals("m5g90 car, m5g901", whole("m5g901"));
    List<TriggerWord> two = List.of(CAR.get(0), TriggerWord.of("zxq"));
    assertEquals("m5g90 car, zxq, red", Captions.PLAIN.with(two).whole("red"));
    assertEquals("a zxq on a m5g90, red", Captions.PLAIN.with(two).whole("red, a zxq on a m5g90"));
    assertEquals("a zxq, red", Captions.PLAIN.with(two).whole("red, a zxq"));
    assertEquals("red, blue", Captions.PLAIN.whole(" red ,,blue"));
  }

  @Property
  void nothingButTheRestIsDroppedOrMoved(
      @ForAll @Size(max = 6) List<@AlphaChars @StringLength(min = 1, max = 5) String> tags,
      @ForAll long seed) {
    String caption = String.join(", ", tags);
    var captions = new Captions(CAR, true, 0.3, 0.2);
    List<String> shown = Captions.tags(captions.shown(caption, SeededStream.of(seed, "caption")));
    assertEquals("m5g90 car", shown.get(0));
    assertTrue(new TreeSet<>(tags).containsAll(shown.subList(1, shown.size())));
    var kept = new Captions(CAR, true, 0, 0);
    String all = kept.shown(caption, SeededStream.of(seed, "caption"));
    assertEquals(
        Captions.tags(whole(caption)).stream().sorted().toList(),
        Captions.tags(all).stream().sorted().toList());
    var dropped = new Captions(CAR, true, 0, 1);
    assertEquals("m5g90 car", dropped.shown(caption, SeededStream.of(seed, "caption")));
  }

  @Test
  void impossibleProbabilitiesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Captions(CAR, false, -0.1, 0));
    assertThrows(IllegalArgumentException.class, () -> new Captions(CAR, false, 0, Double.NaN));
  }
}
