package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Splitter;
import dev.palimpsest.model.ClipTokenizer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A word by which a LoRA's subject is called. In captions it stands in front and is neither dropped
 * nor moved. Immutable.
 *
 * @param word one word, such as {@code m5g90}
 * @param className what kind of thing it is, such as {@code car}; empty if not said
 */
public record TriggerWord(String word, String className) {
  /** The entry of a file's header that holds the phrases, see the ModelSpec of Stability AI. */
  static final String ENTRY = "modelspec.trigger_phrase";

  public TriggerWord {
    checkArgument(
        !word.isEmpty() && word.chars().noneMatch(c -> c == ',' || Character.isWhitespace(c)),
        "a trigger is one word without commas, was '%s'",
        word);
    checkArgument(
        className.equals(className.strip()) && !className.contains(","),
        "a class is words without commas, was '%s'",
        className);
  }

  public static TriggerWord of(String word) {
    return new TriggerWord(word, "");
  }

  /** This word for a thing of a known kind. */
  public TriggerWord forClass(String name) {
    return new TriggerWord(word, name);
  }

  /** The trigger words that a LoRA's header tells. */
  public static List<TriggerWord> of(Map<String, String> metadata) {
    return Splitter.on(',')
        .trimResults()
        .omitEmptyStrings()
        .splitToStream(metadata.getOrDefault(ENTRY, ""))
        .map(TriggerWord::parse)
        .collect(Collectors.toUnmodifiableList());
  }

  private static TriggerWord parse(String phrase) {
    List<String> parts = Splitter.onPattern("\\s+").limit(2).splitToList(phrase);
    return new TriggerWord(parts.get(0), parts.size() > 1 ? parts.get(1).strip() : "");
  }

  /** Word and class: {@code m5g90 car}. */
  public String phrase() {
    return className.isEmpty() ? word : word + " " + className;
  }

  /** Whether a text uses the word, in capitals or not. */
  public boolean isIn(String text) {
    return Pattern.compile(
            "(?<![\\p{L}\\p{N}])" + Pattern.quote(word) + "(?![\\p{L}\\p{N}])",
            Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE)
        .matcher(text)
        .find();
  }

  /** The prompt with the phrases of these words in front of it; as it is if it uses one of them. */
  public static String insert(List<TriggerWord> words, String prompt) {
    return missing(words, prompt).isEmpty()
        ? prompt
        : phrases(words) + (prompt.isBlank() ? "" : ", " + prompt);
  }

  /** What there is to say about a prompt that uses none of these words; empty if it uses one. */
  public static Optional<String> missing(List<TriggerWord> words, String prompt) {
    return words.isEmpty() || words.stream().anyMatch(word -> word.isIn(prompt))
        ? Optional.empty()
        : Optional.of("the prompt uses none of the trigger words: " + phrases(words));
  }

  static String phrases(List<TriggerWord> words) {
    return words.stream().map(TriggerWord::phrase).collect(Collectors.joining(", "));
  }

  /** How the word suits a model's tokenizer. */
  public Advice advice(ClipTokenizer tokenizer) {
    return Advice.of(word, tokenizer);
  }

  /**
   * How a word suits a tokenizer.
   *
   * @param pieces tokens that it takes
   * @param common whether the vocabulary has it as a whole: the model knows a meaning of it
   * @param text a sentence for people
   */
  public record Advice(int pieces, boolean common, String text) {
    /** More take too much of a prompt's room and spread what is learned thin. */
    private static final int MANY = 4;

    static Advice of(String word, ClipTokenizer tokenizer) {
      int pieces = tokenizer.pieces(word);
      boolean common = pieces == 1;
      String text =
          common
              ? "is one token: the model has a meaning for it already, which will mix with what it"
                  + " learns; a word that nobody uses is better"
              : pieces > MANY
                  ? "takes " + pieces + " tokens; a shorter one is learned faster"
                  : "takes " + pieces + " tokens and is no common word: good";
      return new Advice(pieces, common, "'" + word + "' " + text);
    }
  }
}
