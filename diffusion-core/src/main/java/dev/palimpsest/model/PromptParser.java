package dev.palimpsest.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One parse of a weighted prompt; see {@link WeightedPrompt#parse}. One thread, one use. */
final class PromptParser {
  static final double LARGEST_WEIGHT = 1e6;

  private static final double STEP = 1.1;

  // A number has at least one digit and at most one point; its ending bracket belongs to it.
  private static final Pattern TOKEN =
      Pattern.compile(
          "\\\\[()\\[\\]\\\\]|\\\\"
              + "|[(\\[)\\]]"
              + "|:\\s*(?<number>[+-]?(?:[0-9]++\\.?[0-9]*+|\\.[0-9]++))\\s*\\)"
              + "|[^\\\\()\\[\\]:]++|:",
          Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern BREAK =
      Pattern.compile("(?:\\G|(?<!\\s))\\s*+\\bBREAK\\b\\s*+", Pattern.UNICODE_CHARACTER_CLASS);

  private final String text;
  private final List<String> texts = new ArrayList<>();
  private final List<Boolean> breaks = new ArrayList<>();
  private double[] weights = new double[16];
  private final Deque<Integer> round = new ArrayDeque<>();
  private final Deque<Integer> square = new ArrayDeque<>();

  PromptParser(String text) {
    this.text = text;
  }

  WeightedPrompt parse() {
    Matcher token = TOKEN.matcher(text);
    while (token.find()) {
      accept(token.group(), token.group("number"));
    }
    round.forEach(start -> multiply(start, STEP));
    square.forEach(start -> multiply(start, 1 / STEP));
    return new WeightedPrompt(sections());
  }

  private void accept(String token, @Nullable String number) {
    if (number != null && !round.isEmpty()) {
      multiply(round.pop(), bounded(Double.parseDouble(number)));
    } else if (token.startsWith("\\")) {
      add(token.substring(1), false);
    } else if (token.equals("(")) {
      round.push(texts.size());
    } else if (token.equals("[")) {
      square.push(texts.size());
    } else if (token.equals(")") && !round.isEmpty()) {
      multiply(round.pop(), STEP);
    } else if (token.equals("]") && !square.isEmpty()) {
      multiply(square.pop(), 1 / STEP);
    } else {
      addText(token);
    }
  }

  private void addText(String token) {
    Matcher matcher = BREAK.matcher(token);
    int from = 0;
    while (matcher.find()) {
      add(token.substring(from, matcher.start()), false);
      add("", true);
      from = matcher.end();
    }
    add(token.substring(from), false);
  }

  private void add(String part, boolean isBreak) {
    if (part.isEmpty() && !isBreak) {
      return;
    }
    if (texts.size() == weights.length) {
      weights = Arrays.copyOf(weights, 2 * weights.length);
    }
    weights[texts.size()] = 1;
    texts.add(part);
    breaks.add(isBreak);
  }

  private void multiply(int start, double factor) {
    for (int i = start; i < texts.size(); i++) {
      weights[i] = bounded(weights[i] * factor);
    }
  }

  private static double bounded(double weight) {
    return Math.max(-LARGEST_WEIGHT, Math.min(LARGEST_WEIGHT, weight));
  }

  /* Neighbours of equal weight become one span, so that a word is not cut where a bracket was. */
  private List<List<WeightedPrompt.Span>> sections() {
    var sections = new ArrayList<List<WeightedPrompt.Span>>();
    var section = new ArrayList<WeightedPrompt.Span>();
    var run = new StringBuilder();
    for (int i = 0; i < texts.size(); i++) {
      run.append(texts.get(i));
      boolean last = i + 1 == texts.size();
      boolean ends = last || breaks.get(i + 1) || weights[i + 1] != weights[i];
      if (!breaks.get(i) && ends) {
        section.add(new WeightedPrompt.Span(run.toString(), weights[i]));
        run.setLength(0);
      }
      if (breaks.get(i)) {
        sections.add(section);
        section = new ArrayList<>();
      }
    }
    sections.add(section);
    return sections;
  }
}
