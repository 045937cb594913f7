package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;
import static java.util.Objects.requireNonNull;

import com.google.common.base.CharMatcher;
import com.google.common.primitives.ImmutableLongArray;
import dev.palimpsest.checkpoint.ClipVocabulary;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.errors.CheckpointException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * The tokenizer of CLIP text encoders: prompts to ids by byte-pair encoding, exactly as
 * transformers 5 {@code CLIPTokenizer} ({@code models/clip/tokenization_clip.py}) gives them: text
 * is composed (NFC), each run of white space becomes one blank, letters are lowered; nothing is
 * repaired as ftfy would. The text of a special token in a prompt is that token. A lone surrogate,
 * which UTF-8 cannot write, counts as U+FFFD.
 *
 * <p>The vocabulary, the special tokens and the maximum length are those of the folder it was read
 * from. Immutable.
 */
public final class ClipTokenizer {
  private final Map<String, Long> vocabulary;
  private final String[] pieces;
  private final BytePairs bytePairs;
  private final AddedTokens addedTokens;
  private final long bos;
  private final long eos;
  private final long pad;
  private final int maxLength;

  private ClipTokenizer(
      Map<String, Long> vocabulary,
      LinkedHashMap<BytePairs.Pair, Long> merges,
      TokenizerSettings settings) {
    Map<String, Long> special = settings.specialIds(vocabulary);
    this.vocabulary = Map.copyOf(vocabulary);
    this.pieces = pieces(vocabulary);
    this.bytePairs = new BytePairs(vocabulary, merges, requireNonNull(special.get("unk_token")));
    this.addedTokens = new AddedTokens(settings.added().values(), vocabulary);
    this.bos = requireNonNull(special.get("bos_token"));
    this.eos = requireNonNull(special.get("eos_token"));
    this.pad = requireNonNull(special.get("pad_token"));
    this.maxLength = settings.maxLength();
  }

  private ClipTokenizer(
      ClipTokenizer other, Map<String, Long> vocabulary, AddedTokens added, int maxLength) {
    this.vocabulary = Map.copyOf(vocabulary);
    this.pieces = pieces(vocabulary);
    this.bytePairs = other.bytePairs;
    this.addedTokens = added;
    this.bos = other.bos;
    this.eos = other.eos;
    this.pad = other.pad;
    this.maxLength = maxLength;
  }

  private static String[] pieces(Map<String, Long> vocabulary) {
    String[] pieces = new String[vocabulary.size()];
    vocabulary.forEach((piece, id) -> pieces[id.intValue()] = piece);
    return pieces;
  }

  /**
   * Reads a tokenizer folder: vocab.json and merges.txt, and where present tokenizer_config.json,
   * special_tokens_map.json and added_tokens.json.
   *
   * @throws CheckpointException if a file is missing or malformed, ids are not 0 to n-1, a merge
   *     names a piece that the vocabulary lacks, or a special token has no id
   */
  public static ClipTokenizer read(Path folder) throws IOException {
    TokenizerSettings settings = TokenizerSettings.read(folder);
    Map<String, Long> vocabulary = VocabularyFiles.readVocabulary(folder.resolve("vocab.json"));
    LinkedHashMap<BytePairs.Pair, Long> merges =
        VocabularyFiles.readMerges(folder.resolve("merges.txt"), vocabulary);
    Map<String, Long> all = VocabularyFiles.withAdded(vocabulary, settings, folder);
    return new ClipTokenizer(all, merges, settings);
  }

  /**
   * The tokenizer of a checkpoint: of its folder, or with the {@link ClipVocabulary} where it has
   * none.
   *
   * @throws CheckpointException as {@link #read(Path)}
   */
  public static ClipTokenizer read(Component tokenizer) throws IOException {
    if (tokenizer.folder().isPresent()) {
      return read(tokenizer.folder().get());
    }
    List<String> pieces = ClipVocabulary.pieces();
    var vocabulary = new LinkedHashMap<String, Long>();
    pieces.forEach(piece -> vocabulary.put(piece, (long) vocabulary.size()));
    return new ClipTokenizer(
        vocabulary,
        VocabularyFiles.merges(ClipVocabulary.merges(), "CLIP's merges", vocabulary),
        TokenizerSettings.of(tokenizer.config()));
  }

  /**
   * This tokenizer with another maximum length, for a folder that sets none.
   *
   * @param maxLength at least 3: begin, one id of the prompt, end
   */
  public ClipTokenizer withMaxLength(int maxLength) {
    checkArgument(maxLength >= 3, "maxLength must be >= 3, was %s", maxLength);
    return new ClipTokenizer(this, vocabulary, addedTokens, maxLength);
  }

  /**
   * This tokenizer with a further token, which stands for one or several new ids, the next that are
   * free. Wherever its text stands in a prompt, in capitals or not, those ids stand. They are
   * called {@code token}, {@code token_1}, {@code token_2} and so on; prompts may use each of these
   * but the first alone.
   *
   * <p>Source: diffusers loaders/textual_inversion.py, which writes those names into the prompt
   * wherever the token's letters stand; here the ids are put in once the token was found, so that a
   * token that is part of a longer one is left alone, and one with capitals is all of its ids, of
   * which diffusers 0.42 takes the first.
   *
   * @throws IllegalArgumentException if the vocabulary has that token already
   */
  public ClipTokenizer with(String token, int ids) {
    checkArgument(ids > 0, "ids must be > 0, was %s", ids);
    long first = vocabularySize();
    var all = new LinkedHashMap<>(vocabulary);
    AddedTokens added = addedTokens;
    for (int i = 0; i < ids; i++) {
      String name = i == 0 ? token : token + "_" + i;
      checkArgument(
          !all.containsKey(name) && !all.containsKey(name + BytePairs.WORD_END),
          "the vocabulary has '%s' already; another name is needed",
          name);
      all.put(name, first + i);
      added = added.with(name, i == 0 ? range(first, ids) : range(first + i, 1));
    }
    return new ClipTokenizer(this, all, added, maxLength);
  }

  private static ImmutableLongArray range(long first, int count) {
    return ImmutableLongArray.copyOf(LongStream.range(first, first + count));
  }

  /** The ids of a prompt framed by the begin and end tokens; as many as the prompt needs. */
  public long[] encode(String text) {
    return frame(content(text)).toArray();
  }

  /**
   * The ids of a prompt framed by the begin and end tokens, cut or padded to {@link #maxLength()}.
   *
   * @throws IllegalStateException if the tokenizer has no maximum length
   */
  public Tokens encodePadded(String text) {
    ImmutableLongArray content = content(text);
    checkBounded();
    int fits = Math.min(content.length(), maxLength - 2);
    return pad(content.subArray(0, fits), decode(content.subArray(fits, content.length())));
  }

  /** {@code content} framed and padded; at most {@link #maxLength()} - 2 ids. */
  Tokens pad(ImmutableLongArray content, String truncated) {
    checkBounded();
    int used = content.length() + 2;
    checkArgument(used <= maxLength, "%s ids do not fit in %s", used, maxLength);
    ImmutableLongArray.Builder out = ImmutableLongArray.builder(maxLength);
    out.addAll(frame(content));
    for (int i = used; i < maxLength; i++) {
      out.add(pad);
    }
    return new Tokens(out.build(), used, truncated);
  }

  private void checkBounded() {
    checkState(
        maxLength != Integer.MAX_VALUE,
        "the tokenizer folder sets no model_max_length; withMaxLength sets one");
  }

  /** The ids of a prompt without the begin and end tokens. */
  ImmutableLongArray content(String text) {
    ImmutableLongArray.Builder out = ImmutableLongArray.builder();
    addedTokens.split(
        wellFormed(text),
        out::add,
        between ->
            ClipWords.split(
                between, word -> bytePairs.encode(word.getBytes(StandardCharsets.UTF_8), out)));
    return out.build();
  }

  private static String wellFormed(String text) {
    var out = new StringBuilder(text);
    for (int i = 0; i < text.length(); i++) {
      int c = text.codePointAt(i);
      if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        out.setCharAt(i, '\uFFFD');
      }
      i += Character.charCount(c) - 1;
    }
    return out.toString();
  }

  private ImmutableLongArray frame(ImmutableLongArray content) {
    return ImmutableLongArray.builder(content.length() + 2)
        .add(bos)
        .addAll(content)
        .add(eos)
        .build();
  }

  /**
   * The text of ids: normalised, with blanks between words, special tokens written out. Encoding
   * the text of ids that {@link #encode} gave for a prompt gives them again, framed once more,
   * unless the prompt has marks on a dotted capital I (U+0130).
   *
   * @throws IllegalArgumentException if an id is not in the vocabulary
   */
  public String decode(long... ids) {
    return decode(ImmutableLongArray.copyOf(ids));
  }

  /** The text of one id; a blank behind it if it ends a word. */
  public String text(long id) {
    return text(ImmutableLongArray.of(id));
  }

  private String decode(ImmutableLongArray ids) {
    return CharMatcher.is(' ').trimFrom(text(ids));
  }

  private String text(ImmutableLongArray ids) {
    var bytes = new ByteArrayOutputStream();
    for (int i = 0; i < ids.length(); i++) {
      String piece = piece(ids.get(i));
      byte[] stands = BytePairs.bytes(piece);
      bytes.writeBytes(stands == null ? piece.getBytes(StandardCharsets.UTF_8) : stands);
    }
    return bytes.toString(StandardCharsets.UTF_8).replace(BytePairs.WORD_END, " ");
  }

  private String piece(long id) {
    checkArgument(
        id >= 0 && id < pieces.length, "id must be 0 to %s, was %s", pieces.length - 1, id);
    return pieces[(int) id];
  }

  /** The ids of a word or phrase, without the begin and end tokens. */
  public long[] ids(String text) {
    return content(text).toArray();
  }

  /** How many ids a word or phrase takes, without the begin and end tokens. */
  public int pieces(String text) {
    return content(text).length();
  }

  /** How many ids there are; they are 0 to one less. */
  public int vocabularySize() {
    return vocabulary.size();
  }

  /**
   * How many ids {@link #encodePadded} gives, begin and end tokens included; {@link
   * Integer#MAX_VALUE} if the folder sets no bound.
   */
  public int maxLength() {
    return maxLength;
  }

  /** The id that begins each prompt. */
  public long bos() {
    return bos;
  }

  /** The id that ends each prompt. */
  public long eos() {
    return eos;
  }

  /** The id that fills up to {@link #maxLength()}; may equal {@link #eos()}. */
  public long pad() {
    return pad;
  }

  @Override
  public String toString() {
    return "ClipTokenizer[" + vocabulary.size() + " pieces, at most " + maxLength + " ids]";
  }
}
