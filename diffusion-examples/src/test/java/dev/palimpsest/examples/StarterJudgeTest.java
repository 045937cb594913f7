package dev.palimpsest.examples;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.palimpsest.examples.emoji.Emoji64;
import dev.palimpsest.examples.emoji.Judge;
import dev.palimpsest.examples.emoji.Style;
import dev.palimpsest.examples.emoji.Subject;
import dev.palimpsest.runtime.Device;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StarterJudgeTest {
  /** SHA-256 over both files. Figures in the documentation were measured with this judge. */
  private static final String FROZEN =
      "63ec9cacba0b020239770370aba70b23ed7f75ec655331b981144147af2d463d";

  @Test
  void isTheOneThatWasFrozenBeforeAnythingWasErased() throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    for (String file : StarterJudge.FILES) {
      hasher.putBytes(resource(file));
    }
    assertEquals(FROZEN, hasher.hash().toString());
    String card = new String(resource("judge/JUDGE.md"), StandardCharsets.UTF_8);
    assertTrue(card.contains(FROZEN), card);
  }

  @Test
  void knowsThePicturesAsTheyWereDrawn() throws IOException {
    Emoji64 emoji = Emoji64.read(Path.of("data/emoji64"));
    try (StarterJudge opened = StarterJudge.open(Device.cpu(1))) {
      int subjects = 0;
      int styles = 0;
      List<Subject> some = emoji.subjects().subList(0, 60);
      for (Style style : Style.values()) {
        List<BufferedImage> pictures = new ArrayList<>();
        some.forEach(subject -> pictures.add(emoji.picture(subject, style)));
        List<Judge.Verdict> verdicts = opened.judge().judge(pictures);
        for (int i = 0; i < some.size(); i++) {
          subjects += verdicts.get(i).subject() == some.get(i).index() ? 1 : 0;
          styles += verdicts.get(i).style() == style ? 1 : 0;
        }
      }
      assertTrue(subjects >= 290, subjects + " of 300 subjects");
      assertTrue(styles >= 297, styles + " of 300 styles");
    }
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = requireNonNull(StarterJudge.class.getResourceAsStream(name), name)) {
      return in.readAllBytes();
    }
  }
}
