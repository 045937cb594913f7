package dev.palimpsest.esd.report;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Longs;
import java.util.HashSet;
import java.util.List;

/**
 * A prompt of a report. Immutable.
 *
 * @param kind what it is there for
 * @param text what is drawn
 * @param subject what the scorer looks for in the pictures; of a paraphrase the concept's name
 * @param seeds a picture for each; empty for those of the report
 */
public record ReportPrompt(PromptKind kind, String text, String subject, List<Long> seeds) {
  public ReportPrompt {
    requireNonNull(kind);
    checkArgument(!text.isBlank(), "a prompt must not be empty");
    checkArgument(!subject.isBlank(), "prompt '%s' needs a subject", text);
    seeds = List.copyOf(seeds);
    checkArgument(
        new HashSet<>(seeds).size() == seeds.size(), "prompt '%s' has a seed twice", text);
  }

  /** A prompt with the report's seeds. */
  public static ReportPrompt of(PromptKind kind, String text, String subject) {
    return new ReportPrompt(kind, text, subject, List.of());
  }

  /** This prompt with seeds of its own. */
  public ReportPrompt seeds(long... own) {
    return new ReportPrompt(kind, text, subject, Longs.asList(own));
  }
}
