package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;

/**
 * Which tokens of a source prompt stand for which tokens of a prompt, and with which shares.
 * Immutable.
 */
final class TokenMapping {
  private final int tokens;
  private final float[] matrix; // [source tokens, tokens]
  private final long[] mapped; // [tokens], 1 where the source's attention is taken

  private TokenMapping(int tokens) {
    this.tokens = tokens;
    this.matrix = new float[tokens * tokens];
    this.mapped = new long[tokens];
  }

  /**
   * One source token for each token, -1 for none.
   *
   * @throws IllegalArgumentException if a source token is outside the prompt
   */
  static TokenMapping of(int... sources) {
    var mapping = new TokenMapping(sources.length);
    for (int i = 0; i < sources.length; i++) {
      checkArgument(
          sources[i] >= -1 && sources[i] < sources.length,
          "token %s is mapped to %s; a prompt's tokens are 0 to %s, and -1 is none",
          i,
          sources[i],
          sources.length - 1);
      if (sources[i] >= 0) {
        mapping.map(sources[i], i, 1);
      }
    }
    return mapping;
  }

  /**
   * Each word's for the word in its place. A word of other length gets its counterpart's attention
   * in equal shares (prompt-to-prompt's get_replacement_mapper). Prompts whose words are not known
   * map place by place.
   *
   * @throws IllegalArgumentException if the prompts have different numbers of words
   */
  static TokenMapping ofWords(EditedRequest request) {
    List<PromptWords.Span> own = request.prompt().spans();
    List<PromptWords.Span> other = request.source().spans();
    if (!request.prompt().isKnown() || !request.source().isKnown()) {
      own = List.of();
      other = List.of();
    }
    checkArgument(
        own.size() == other.size(),
        "replace needs prompts of equally many words: %s has %s, the source's %s has %s; use"
            + " refine",
        request.prompt(),
        own.size(),
        request.source(),
        other.size());
    var mapping = new TokenMapping(request.tokens());
    int target = 0;
    int source = 0;
    for (int i = 0; i < own.size(); i++) {
      PromptWords.Span to = own.get(i);
      PromptWords.Span from = other.get(i);
      mapping.mapEach(source, target, Math.min(to.from() - target, from.from() - source));
      mapping.mapWord(from, to);
      target = to.to();
      source = from.to();
    }
    mapping.mapEach(source, target, request.tokens());
    return mapping;
  }

  /**
   * The tokens that both prompts have in common, in their order (the longest common subsequence),
   * and the padding (prompt-to-prompt's get_refinement_mapper).
   */
  static TokenMapping ofCommonTokens(EditedRequest request) {
    checkArgument(
        request.prompt().isKnown() && request.source().isKnown(),
        "which tokens the prompts have in common is not known, as one was encoded by the caller;"
            + " use refine(mapping)");
    var mapping = new TokenMapping(request.tokens());
    List<Long> own = request.prompt().ids();
    List<Long> other = request.source().ids();
    int rows = Math.min(own.size(), last(request.prompt()) + 1);
    int columns = Math.min(other.size(), last(request.source()) + 1);
    int[][] longest = longest(own.subList(0, rows), other.subList(0, columns));
    int i = 0;
    int j = 0;
    while (i < rows && j < columns) {
      if (own.get(i).equals(other.get(j))) {
        mapping.map(j++, i++, 1);
      } else if (longest[i + 1][j] >= longest[i][j + 1]) {
        i++;
      } else {
        j++;
      }
    }
    for (int pad = rows; pad < request.tokens(); pad++) {
      mapping.map(pad, pad, 1);
    }
    return mapping;
  }

  /** The place of the token that ends the prompt. */
  private static int last(PromptWords words) {
    List<PromptWords.Span> spans = words.spans();
    return spans.isEmpty() ? 1 : spans.get(spans.size() - 1).to();
  }

  private static int[][] longest(List<Long> a, List<Long> b) {
    int[][] longest = new int[a.size() + 1][b.size() + 1];
    for (int i = a.size() - 1; i >= 0; i--) {
      for (int j = b.size() - 1; j >= 0; j--) {
        longest[i][j] =
            a.get(i).equals(b.get(j))
                ? longest[i + 1][j + 1] + 1
                : Math.max(longest[i + 1][j], longest[i][j + 1]);
      }
    }
    return longest;
  }

  private void mapEach(int source, int target, int count) {
    for (int i = 0; i < count && source + i < tokens && target + i < tokens; i++) {
      map(source + i, target + i, 1);
    }
  }

  private void mapWord(PromptWords.Span from, PromptWords.Span to) {
    int length = to.to() - to.from();
    if (from.to() - from.from() == length) {
      mapEach(from.from(), to.from(), length);
      return;
    }
    for (int target = to.from(); target < to.to(); target++) {
      for (int source = from.from(); source < from.to(); source++) {
        map(source, target, 1f / length);
      }
    }
  }

  private void map(int source, int target, float share) {
    matrix[source * tokens + target] = share;
    mapped[target] = 1;
  }

  TokenMapping checked(int expected) {
    checkArgument(tokens == expected, "the mapping has %s tokens, the prompt %s", tokens, expected);
    return this;
  }

  /** float32 [source tokens, tokens]. */
  Tensor matrix() {
    return Tensor.of(Shape.of(tokens, tokens), matrix);
  }

  /** int64 [tokens]. */
  Tensor mapped() {
    return Tensor.of(Shape.of(tokens), mapped);
  }
}
