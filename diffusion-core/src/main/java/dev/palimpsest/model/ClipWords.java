package dev.palimpsest.model;

import java.util.List;
import java.util.function.Consumer;

/**
 * Splits normalised text into the words that byte-pair encoding never crosses: an English
 * contraction, a run of letters, one number, or a run of anything else that is not space.
 */
final class ClipWords {
  /* The order is that of the reference's regular expression. */
  private static final List<String> CONTRACTIONS =
      List.of("'s", "'t", "'re", "'ve", "'m", "'ll", "'d");

  /*
   * The reference's expression knows these two as one match whatever the special tokens are, and
   * splits them again afterwards: a run of punctuation that follows does not join their "|>".
   */
  private static final List<String> FRAMES = List.of("startoftext", "endoftext");

  private ClipWords() {}

  /** Gives {@code words} each word of {@code text} in order. */
  static void split(String text, Consumer<String> words) {
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      if (UnicodeClasses.isSpace(c)) {
        i += Character.charCount(c);
        continue;
      }
      int end = frame(text, i, words);
      if (end == i) {
        end = wordEnd(text, i, c);
        words.accept(text.substring(i, end));
      }
      i = end;
    }
  }

  private static int frame(String text, int at, Consumer<String> words) {
    if (!text.startsWith("<|", at)) {
      return at;
    }
    for (String frame : FRAMES) {
      if (text.startsWith(frame + "|>", at + 2)) {
        words.accept("<|");
        words.accept(frame);
        words.accept("|>");
        return at + frame.length() + 4;
      }
    }
    return at;
  }

  private static int wordEnd(String text, int at, int first) {
    if (first == '\'') {
      for (String contraction : CONTRACTIONS) {
        if (text.startsWith(contraction, at)) {
          return at + contraction.length();
        }
      }
    }
    int end = at + Character.charCount(first);
    if (UnicodeClasses.isNumber(first)) {
      return end;
    }
    boolean letters = UnicodeClasses.isLetter(first);
    while (end < text.length()) {
      int c = text.codePointAt(end);
      boolean joins =
          UnicodeClasses.isLetter(c)
              ? letters
              : !letters && !UnicodeClasses.isNumber(c) && !UnicodeClasses.isSpace(c);
      if (!joins) {
        break;
      }
      end += Character.charCount(c);
    }
    return end;
  }
}
