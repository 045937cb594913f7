package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The renders that the module holds. */
class RenderDataTest {
  private final RenderData renders;

  RenderDataTest() throws IOException {
    renders = RenderData.read(Path.of("data", "car128"));
  }

  @Test
  void everyLabelIsAnAnswerThatJudgesKnow() {
    assertEquals(980, renders.shown().size());
    for (LabelledRender render : renders.heldOut()) {
      for (Question question : Question.values()) {
        String label = render.labels().getOrDefault(question.parameter(), "");
        assertTrue(question.answers().contains(label), () -> question + " " + label);
      }
    }
  }

  /** 179 of 198 when this was written. */
  @Test
  void paintOfHeldOutRendersIsTold() throws IOException {
    PaintJudge judge = PaintJudge.calibrate(CarJudges.samples(renders.shown()));
    List<PaintJudge.Sample> heldOut = CarJudges.samples(renders.heldOut());
    long right =
        heldOut.stream().filter(sample -> judge.paint(sample.picture()) == sample.paint()).count();
    assertTrue(right >= 0.87 * heldOut.size(), () -> right + " of " + heldOut.size());
  }
}
