package dev.palimpsest.examples.emoji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.esd.report.PictureScorer.Score;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.training.Initialization;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a judge of random weights, which sees something or other. */
class JudgeScorerTest {
  @TempDir Path folder;

  @Test
  void whatTheJudgeSeesIsRecognisedByCaptionStyleAndPrompt() throws Exception {
    Emoji64 emoji = Emoji64.read(Emoji64Test.DATA);
    Graph network = JudgeNetwork.graph(emoji.subjects().size());
    Path file = folder.resolve("judge.onnx");
    Onnx.write(network, Initialization.torch(network, 1)::get, file);
    List<BufferedImage> picture = List.of(emoji.picture(emoji.subjects().get(3), Style.NOTO));
    try (Judge judge = Judge.open(file, Device.cpu(1))) {
      var scorer = new JudgeScorer(judge, emoji);
      Judge.Verdict verdict = judge.judge(picture).get(0);
      String seen = emoji.subjects().get(verdict.subject()).caption();
      String other = emoji.subjects().get((verdict.subject() + 1) % 500).caption();
      Score yes = new Score(true, verdict.confidence());
      Score no = new Score(false, 1 - verdict.confidence());
      assertEquals(List.of(yes), scorer.score(picture, seen));
      assertEquals(List.of(yes), scorer.score(picture, Style.FLAT.prompt(seen)));
      assertEquals(List.of(no), scorer.score(picture, other));
      for (Style style : Style.values()) {
        boolean right = style == verdict.style();
        assertEquals(
            List.of(new Score(right, right ? 1 : 0)), scorer.score(picture, style.phrase()));
      }
      assertThrows(IllegalArgumentException.class, () -> scorer.check("no such thing"));
    }
  }
}
