package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.ImmutableLongArray;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds added tokens in a text: first, in the text as given, those that are not normalised; then,
 * in each piece between them once it is normalised, the others. Of several that begin at one place
 * the longest wins. Immutable.
 */
final class AddedTokens {
  private record Entry(String text, ImmutableLongArray ids) {}

  private static final Comparator<Entry> LONGEST_FIRST =
      Comparator.comparing((Entry entry) -> entry.text.length()).reversed();

  private final List<Entry> raw;
  private final List<Entry> normalized;

  AddedTokens(Collection<AddedToken> tokens, Map<String, Long> vocabulary) {
    this(entries(tokens, vocabulary, false), entries(tokens, vocabulary, true));
  }

  private AddedTokens(List<Entry> raw, List<Entry> normalized) {
    this.raw = raw;
    this.normalized = normalized;
  }

  /**
   * These and a further one, which is looked for in the normalised text.
   *
   * @param ids what it stands for
   * @throws IllegalArgumentException if there is one of equal text, or it has none
   */
  AddedTokens with(String token, ImmutableLongArray ids) {
    var added = new Entry(UnicodeClasses.normalize(token), ids);
    checkArgument(!added.text.isBlank(), "a token needs a text, was '%s'", token);
    checkArgument(
        normalized.stream().noneMatch(entry -> entry.text.equals(added.text)),
        "token '%s' was added already",
        token);
    return new AddedTokens(
        raw, Stream.concat(normalized.stream(), Stream.of(added)).sorted(LONGEST_FIRST).toList());
  }

  private static List<Entry> entries(
      Collection<AddedToken> tokens, Map<String, Long> vocabulary, boolean normalized) {
    return tokens.stream()
        .filter(token -> token.normalized() == normalized)
        .map(
            token ->
                new Entry(
                    normalized ? UnicodeClasses.normalize(token.content()) : token.content(),
                    ImmutableLongArray.of(requireNonNull(vocabulary.get(token.content())))))
        .filter(entry -> !entry.text.isEmpty())
        .sorted(LONGEST_FIRST)
        .toList();
  }

  /** Walks {@code text} in order: ids of added tokens, and the normalised text between them. */
  void split(String text, LongConsumer ids, Consumer<String> between) {
    split(
        text, raw, ids, piece -> split(UnicodeClasses.normalize(piece), normalized, ids, between));
  }

  private static void split(
      String text, List<Entry> entries, LongConsumer ids, Consumer<String> between) {
    int start = 0;
    for (int i = 0; i < text.length(); ) {
      Entry found = at(text, i, entries);
      if (found == null) {
        i++;
        continue;
      }
      if (start < i) {
        between.accept(text.substring(start, i));
      }
      found.ids.forEach(ids);
      i += found.text.length();
      start = i;
    }
    if (start < text.length()) {
      between.accept(text.substring(start));
    }
  }

  private static @Nullable Entry at(String text, int position, List<Entry> entries) {
    for (Entry entry : entries) {
      if (text.startsWith(entry.text, position)) {
        return entry;
      }
    }
    return null;
  }
}
