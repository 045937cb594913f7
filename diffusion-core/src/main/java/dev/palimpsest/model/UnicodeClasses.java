package dev.palimpsest.model;

import com.google.common.base.Splitter;
import com.google.common.io.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the reference tokenizer takes each code point for: letter, number or space, its lower case,
 * its part in composition. Read from a table and not asked of the JDK, whose answers change from
 * release to release with the version of Unicode. Immutable.
 */
final class UnicodeClasses {
  private static final UnicodeClasses TABLE = read();

  /* Below this, every string is in composed form already. */
  private static final int FIRST_COMBINING = 0x300;

  private final BitSet letters = new BitSet();
  private final BitSet numbers = new BitSet();
  private final BitSet spaces = new BitSet();
  private final BitSet composing = new BitSet();
  private final Map<Integer, Integer> lower = new HashMap<>();

  private UnicodeClasses() {}

  static boolean isLetter(int codePoint) {
    return TABLE.letters.get(codePoint);
  }

  static boolean isNumber(int codePoint) {
    return TABLE.numbers.get(codePoint);
  }

  static boolean isSpace(int codePoint) {
    return TABLE.spaces.get(codePoint);
  }

  /**
   * The text in Unicode's composed form (NFC), each run of white space as one blank, in lower case.
   * Lowering is code point by code point: a sigma at the end of a word is not special.
   *
   * @param text without lone surrogates
   */
  static String normalize(String text) {
    String composed = compose(text);
    var out = new StringBuilder(composed.length());
    boolean inSpace = false;
    for (int i = 0; i < composed.length(); ) {
      int c = composed.codePointAt(i);
      i += Character.charCount(c);
      boolean space = isSpace(c);
      if (!space) {
        lower(c, out);
      } else if (!inSpace) {
        out.append(' ');
      }
      inSpace = space;
    }
    return out.toString();
  }

  private static void lower(int c, StringBuilder out) {
    if (c < 0x80) {
      out.append((char) (c >= 'A' && c <= 'Z' ? c + 32 : c));
    } else if (c == 0x130) {
      out.append("i\u0307"); // the one letter whose lower case is two code points
    } else {
      out.appendCodePoint(TABLE.lower.getOrDefault(c, c));
    }
  }

  /*
   * The reference composes by an old version of Unicode. What its version does with a code point
   * is stable in all later ones, so the JDK may compose runs of code points that it knows; all
   * others neither move nor combine and stand between the runs.
   */
  private static String compose(String text) {
    if (text.chars().allMatch(c -> c < FIRST_COMBINING)) {
      return text;
    }
    var out = new StringBuilder(text.length());
    int run = 0;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int next = i + Character.charCount(c);
      if (!TABLE.composing.get(c)) {
        out.append(Normalizer.normalize(text.substring(run, i), Normalizer.Form.NFC));
        out.appendCodePoint(c);
        run = next;
      }
      i = next;
    }
    return out.append(Normalizer.normalize(text.substring(run), Normalizer.Form.NFC)).toString();
  }

  private static UnicodeClasses read() {
    List<String> lines;
    try {
      lines =
          Resources.readLines(
              Resources.getResource(UnicodeClasses.class, "unicode-classes.txt"),
              StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException("unicode-classes.txt cannot be read from the jar", e);
    }
    var table = new UnicodeClasses();
    for (String line : lines) {
      if (!line.startsWith("#")) {
        table.add(Splitter.on(' ').splitToList(line));
      }
    }
    return table;
  }

  private void add(List<String> fields) {
    int first = Integer.parseInt(fields.get(1), 16);
    int last = Integer.parseInt(fields.get(2), 16);
    switch (fields.get(0)) {
      case "letter" -> letters.set(first, last + 1);
      case "number" -> numbers.set(first, last + 1);
      case "space" -> spaces.set(first, last + 1);
      case "composing" -> composing.set(first, last + 1);
      case "lower" -> {
        int step = Integer.parseInt(fields.get(3));
        int delta = Integer.parseInt(fields.get(4));
        for (int c = first; c <= last; c += step) {
          lower.put(c, c + delta);
        }
      }
      default -> throw new AssertionError(fields);
    }
  }
}
