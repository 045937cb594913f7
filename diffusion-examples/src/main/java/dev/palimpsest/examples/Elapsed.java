package dev.palimpsest.examples;

import com.google.common.base.Stopwatch;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The time on a watch, in seconds for people. */
final class Elapsed {
  private Elapsed() {}

  static String of(Stopwatch watch) {
    return String.format(Locale.ROOT, "%.1f s", watch.elapsed(TimeUnit.MILLISECONDS) / 1e3);
  }
}
