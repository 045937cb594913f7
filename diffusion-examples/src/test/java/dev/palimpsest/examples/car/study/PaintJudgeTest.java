package dev.palimpsest.examples.car.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.examples.car.Paint;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PaintJudgeTest {
  /** Boxes of all paints, a little lighter and darker. */
  private static List<PaintJudge.Sample> samples(int... shifts) {
    var samples = new ArrayList<PaintJudge.Sample>();
    for (int shift : shifts) {
      for (Paint paint : Paint.values()) {
        BufferedImage picture = DrawnRenders.box(32, 32, paint.rgb() + shift * 0x010101);
        samples.add(new PaintJudge.Sample(picture, paint));
      }
    }
    return samples;
  }

  @Test
  void paintsAreToldApart() {
    PaintJudge judge = PaintJudge.calibrate(samples(0, 3, 9, 12));
    for (PaintJudge.Sample sample : samples(6)) {
      assertEquals(sample.paint(), judge.paint(sample.picture()));
    }
  }

  @Test
  void everyPaintNeedsAPicture() {
    List<PaintJudge.Sample> samples = samples(0).subList(0, 9);
    var e = assertThrows(IllegalArgumentException.class, () -> PaintJudge.calibrate(samples));
    assertEquals("no picture of a silver car to calibrate on", e.getMessage());
  }
}
