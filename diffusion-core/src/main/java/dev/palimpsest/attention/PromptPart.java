package dev.palimpsest.attention;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Ints;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * A part of a prompt: a phrase, everywhere it stands, or tokens by their places. Immutable.
 *
 * @param phrase empty if the places tell
 * @param places counted from 0, where 0 is the token that begins the prompt
 */
public record PromptPart(String phrase, List<Integer> places) {
  public PromptPart {
    requireNonNull(phrase);
    places = List.copyOf(places);
    checkArgument(!phrase.isBlank() || !places.isEmpty(), "a part of a prompt must not be empty");
    checkArgument(
        places.stream().allMatch(place -> place >= 0), "places must be >= 0, were %s", places);
  }

  public static PromptPart of(String phrase) {
    return new PromptPart(phrase, List.of());
  }

  /** Tokens by their places; what is left for prompts that were encoded by the caller. */
  public static PromptPart tokens(int... places) {
    return new PromptPart("", Ints.asList(places));
  }

  /**
   * The places in a prompt.
   *
   * @throws IllegalArgumentException if the prompt lacks the phrase or a place; the message lists
   *     what it has
   */
  List<Integer> in(PromptWords words, int tokens) {
    if (!phrase.isEmpty()) {
      return words.places(phrase);
    }
    for (int place : places) {
      checkArgument(
          place < tokens, "the prompt has %s tokens, 0 to %s, not %s", tokens, tokens - 1, place);
    }
    return places;
  }

  /** One value at these places and another one at all others: float32 [tokens]. */
  Tensor mark(EditedRequest request, float here, float elsewhere) {
    float[] values = new float[request.tokens()];
    Arrays.fill(values, elsewhere);
    in(request.prompt(), request.tokens()).forEach(place -> values[place] = here);
    return Tensor.of(Shape.of(values.length), values);
  }

  @Override
  public String toString() {
    return phrase.isEmpty() ? "tokens " + places : "'" + phrase + "'";
  }
}
