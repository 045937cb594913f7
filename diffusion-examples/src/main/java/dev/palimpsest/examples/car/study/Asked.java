package dev.palimpsest.examples.car.study;

import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A picture to be drawn, {@code width} by {@code height} pixels. */
record Asked(String prompt, long seed, int width, int height) {
  private static final int WORDS = 48;
  private static final int HASH = 12;

  /** Its file's name, another for each picture. */
  String file() {
    String words = prompt.replaceAll("[^\\p{Alnum}]+", "-");
    String hash = Hashing.sha256().hashString(prompt, StandardCharsets.UTF_8).toString();
    return String.format(
        Locale.ROOT,
        "%s-%s-%dx%d-%d.png",
        words.substring(0, Math.min(words.length(), WORDS)),
        hash.substring(0, HASH),
        width,
        height,
        seed);
  }
}
