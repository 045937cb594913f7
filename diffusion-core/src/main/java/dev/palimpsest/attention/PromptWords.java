package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Longs;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The tokens of a prompt as the network attends to them, with the words that they came from.
 * Immutable.
 */
public final class PromptWords {
  private static final PromptWords UNKNOWN =
      new PromptWords(List.of(), List.of(), text -> List.of());

  private final List<Long> ids;
  private final List<String> texts;
  private final Function<String, List<Long>> tokenizer;

  private PromptWords(List<Long> ids, List<String> texts, Function<String, List<Long>> tokenizer) {
    this.ids = List.copyOf(ids);
    this.texts = List.copyOf(texts);
    this.tokenizer = requireNonNull(tokenizer);
  }

  /**
   * The tokens of a text.
   *
   * @param ids of all tokens, begin, end and padding included
   * @param texts of as many tokens; a word's last one ends in a blank, special ones are empty
   * @param tokenizer the ids of a phrase within a text
   */
  public static PromptWords of(
      long[] ids, List<String> texts, Function<String, List<Long>> tokenizer) {
    checkArgument(ids.length == texts.size(), "%s ids and %s texts", ids.length, texts.size());
    return new PromptWords(Longs.asList(ids), texts, tokenizer);
  }

  /** Of a prompt that was encoded by the caller. */
  public static PromptWords unknown() {
    return UNKNOWN;
  }

  public boolean isKnown() {
    return !ids.isEmpty();
  }

  /** One a token. */
  List<Long> ids() {
    return ids;
  }

  /** One a token; a word's last one ends in a blank, special ones are empty. */
  public List<String> texts() {
    return texts;
  }

  /**
   * The places of all tokens of a phrase, everywhere it stands.
   *
   * @throws IllegalArgumentException if it stands nowhere; the message lists the prompt's words
   */
  public List<Integer> places(String phrase) {
    checkArgument(
        isKnown(),
        "where '%s' stands is not known, as the prompt was encoded by the caller; use"
            + " PromptPart.tokens",
        phrase);
    List<Long> wanted = tokenizer.apply(phrase);
    var places = new ArrayList<Integer>();
    for (int i = 0; !wanted.isEmpty() && i + wanted.size() <= ids.size(); i++) {
      if (ids.subList(i, i + wanted.size()).equals(wanted)) {
        for (int j = 0; j < wanted.size(); j++) {
          places.add(i + j);
        }
      }
    }
    checkArgument(!places.isEmpty(), "the prompt has no '%s'; its words are %s", phrase, words());
    return places;
  }

  /** The words and punctuation marks in their order. */
  public List<String> words() {
    var words = new ArrayList<String>();
    spans()
        .forEach(span -> words.add(String.join("", texts.subList(span.from(), span.to())).trim()));
    return words;
  }

  /** The tokens of one word: from a place up to before another. */
  record Span(int from, int to) {}

  List<Span> spans() {
    var spans = new ArrayList<Span>();
    int from = -1;
    for (int i = 0; i < texts.size(); i++) {
      if (texts.get(i).isEmpty()) {
        from = -1;
        continue;
      }
      from = from < 0 ? i : from;
      if (texts.get(i).endsWith(" ")) {
        spans.add(new Span(from, i + 1));
        from = -1;
      }
    }
    return spans;
  }

  @Override
  public String toString() {
    return words().toString();
  }
}
