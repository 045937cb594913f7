package dev.palimpsest.examples.emoji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class PanelTest {
  @Test
  void seedChoosesSubjectsThatStartersAreShown() throws IOException {
    Emoji64 emoji = Emoji64.read(Emoji64Test.DATA);
    Panel panel = Panel.chosen(emoji, 12, 1, 40);
    assertEquals(12, panel.subjects().stream().distinct().count());
    assertEquals(2400, panel.pictures());
    assertTrue(panel.subjects().stream().noneMatch(one -> one.group().equals(Emoji64.HELD_OUT)));
    assertEquals(panel, Panel.chosen(emoji, 12, 1, 40));
    assertNotEquals(panel, Panel.chosen(emoji, 12, 2, 40));
  }
}
