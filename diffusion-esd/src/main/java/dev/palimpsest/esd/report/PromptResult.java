package dev.palimpsest.esd.report;

import java.nio.file.Path;
import java.util.List;

/**
 * The pictures of a prompt by one stack.
 *
 * @param prompt with the seeds that were used
 * @param pictures in the order of the seeds
 */
public record PromptResult(ReportPrompt prompt, List<ScoredPicture> pictures) {

  /**
   * A picture.
   *
   * @param file where it lies
   */
  public record ScoredPicture(long seed, Path file, PictureScorer.Score score) {}

  public PromptResult {
    pictures = List.copyOf(pictures);
  }

  /** How many pictures show the subject. */
  public Proportion recognised() {
    return Proportion.of(pictures, picture -> picture.score().recognised());
  }
}
