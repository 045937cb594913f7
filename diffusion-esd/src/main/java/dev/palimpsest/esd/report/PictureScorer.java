package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;

import java.awt.image.BufferedImage;
import java.util.List;

/** Says whether pictures show what was asked for. Implementations must be thread-safe. */
public interface PictureScorer {

  /**
   * What is seen in one picture.
   *
   * @param recognised whether it counts as the subject
   * @param probability of the subject, from 0 to 1
   */
  record Score(boolean recognised, double probability) {
    public Score {
      checkArgument(
          probability >= 0 && probability <= 1, "probability must be in 0..1, was %s", probability);
    }
  }

  /** What the report calls this scorer. */
  String name();

  /**
   * Checks before any picture is made that a subject can be scored.
   *
   * @throws IllegalArgumentException if not; the message tells what can
   */
  void check(String subject);

  /** One score a picture, in order. */
  List<Score> score(List<BufferedImage> pictures, String subject);
}
