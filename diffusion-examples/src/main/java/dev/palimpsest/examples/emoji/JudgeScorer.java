package dev.palimpsest.examples.emoji;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.esd.report.PictureScorer;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A report's scorer by the judge. What it looks for is a caption such as {@code fire engine}, a
 * style's phrase such as {@code a flat icon of}, or a prompt of both, of which the caption counts.
 * Thread-safe; it borrows the judge.
 *
 * @param emoji the subjects in the order that the judge was trained on
 */
public record JudgeScorer(Judge judge, Emoji64 emoji) implements PictureScorer {
  @Override
  public String name() {
    return "the starter's judge";
  }

  @Override
  public void check(String subject) {
    checkArgument(
        style(subject).isPresent() || caption(subject).isPresent(),
        "the judge knows no '%s'; it knows styles such as '%s' and subjects such as '%s'",
        subject,
        Style.FLAT.phrase(),
        emoji.subjects().get(0).caption());
  }

  @Override
  public List<Score> score(List<BufferedImage> pictures, String subject) {
    check(subject);
    Optional<Style> style = style(subject);
    var scores = new ArrayList<Score>();
    for (Judge.Verdict verdict : judge.judge(pictures)) {
      scores.add(
          style
              .map(
                  wanted -> new Score(verdict.style() == wanted, verdict.style() == wanted ? 1 : 0))
              .orElseGet(() -> score(verdict, caption(subject).orElseThrow())));
    }
    return scores;
  }

  /** Of a subject that is not seen, what the judge leaves beside the one that is. */
  private static Score score(Judge.Verdict verdict, Subject wanted) {
    boolean seen = verdict.subject() == wanted.index();
    return new Score(seen, seen ? verdict.confidence() : 1 - verdict.confidence());
  }

  private static Optional<Style> style(String subject) {
    return Arrays.stream(Style.values())
        .filter(style -> style.phrase().equals(subject))
        .findFirst();
  }

  private Optional<Subject> caption(String subject) {
    return emoji.subjects().stream()
        .filter(
            known ->
                known.caption().equals(subject)
                    || Arrays.stream(Style.values())
                        .anyMatch(style -> style.prompt(known.caption()).equals(subject)))
        .findFirst();
  }
}
