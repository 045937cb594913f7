package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;

/**
 * A prompt whose parts bear weights: one or more sections, each a list of spans of text. A section
 * begins new chunks of the encoded prompt. Immutable.
 *
 * @param sections at least one; each may be empty
 */
public record WeightedPrompt(List<List<Span>> sections) {
  /**
   * Text and the factor for its embeddings.
   *
   * @param weight 1 for plain text, finite
   */
  public record Span(String text, double weight) {
    public Span {
      checkArgument(Double.isFinite(weight), "weight must be finite, was %s", weight);
    }
  }

  public WeightedPrompt {
    checkArgument(!sections.isEmpty(), "a prompt has at least one section");
    sections = sections.stream().map(List::copyOf).toList();
  }

  /** The text as it stands, of weight 1: nothing in it is special. */
  public static WeightedPrompt plain(String text) {
    return new WeightedPrompt(List.of(List.of(new Span(text, 1))));
  }

  /**
   * Parses the notation of A1111's web interface:
   *
   * <ul>
   *   <li>{@code (text)} multiplies the weight of its text by 1.1, {@code [text]} divides it by
   *       1.1, {@code (text:1.3)} multiplies it by the number; they nest.
   *   <li>{@code \(}, {@code \)}, {@code \[}, {@code \]} and {@code \\} stand for the second
   *       character; any other backslash vanishes.
   *   <li>The word {@code BREAK} begins a new section; white space around it vanishes.
   *   <li>A bracket that is never closed is closed at the end of the text, with 1.1 or 1/1.1. A
   *       closing one without an opening one is text, and so is a colon that no number and round
   *       bracket follow, or that has no round bracket open.
   * </ul>
   *
   * <p>Two things differ from A1111, which fails on them: a number such as {@code 1.2.3} is text,
   * and a weight beyond ±{@value PromptParser#LARGEST_WEIGHT} is held there. Source: {@code
   * modules/prompt_parser.py}.
   */
  public static WeightedPrompt parse(String text) {
    return new PromptParser(text).parse();
  }

  /** The spans of all sections in order. */
  public List<Span> spans() {
    return sections.stream().flatMap(List::stream).toList();
  }
}
