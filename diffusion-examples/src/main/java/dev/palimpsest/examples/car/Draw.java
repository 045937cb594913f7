package dev.palimpsest.examples.car;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Seeded draws in which every value of a kind comes equally often: all values in a new order, then
 * again. One thread, one use.
 */
final class Draw {
  private final Random random;
  private final Map<List<?>, Deque<Object>> decks = new HashMap<>();

  Draw(long seed) {
    random = new Random(seed);
  }

  /** One of the values. */
  @SuppressWarnings("unchecked") // a deck holds what its key holds
  <T> T one(List<T> values) {
    Deque<Object> deck = decks.computeIfAbsent(values, key -> new ArrayDeque<>());
    if (deck.isEmpty()) {
      var order = new ArrayList<Object>(values);
      Collections.shuffle(order, random);
      deck.addAll(order);
    }
    return (T) deck.remove();
  }

  /** A number around {@code middle}, at most {@code spread} away, as the scene files read it. */
  String near(double middle, double spread) {
    double value = middle + spread * (2 * random.nextDouble() - 1);
    return String.format(Locale.ROOT, "%.2f", value);
  }

  /** A number plate. */
  String plate() {
    return String.format(Locale.ROOT, "%c%c %02d", letter(), letter(), random.nextInt(100));
  }

  private char letter() {
    return (char) ('A' + random.nextInt(26));
  }
}
