package dev.palimpsest.examples.car;

import java.util.List;

/**
 * What a render of a rally shows: people with placards or a banner, under an invented slogan.
 * Immutable.
 */
public record RallyScene(Kind kind, Symbol symbol, Paint colour, String slogan, Light light) {
  /** The invented slogans. */
  public static final List<String> SLOGANS =
      List.of("TURN NOW", "ONE RIVER", "MORE MOON", "NEW ROAD", "SLOW CLOCK", "OPEN ROOF");

  /** The colours of placards, in the scene file's order. */
  public static final List<Paint> COLOURS =
      List.of(Paint.RED, Paint.BLUE, Paint.GREEN, Paint.YELLOW, Paint.PURPLE, Paint.ORANGE);

  /** What the people carry. */
  public enum Kind implements Trait {
    PLACARDS("placards"),
    BANNER("banner");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    @Override
    public String words() {
      return words;
    }

    @Override
    public int number() {
      return ordinal() + 1;
    }
  }

  /** Its caption, such as {@code a political rally with red placards, ring sign, at noon}. */
  public String caption() {
    return String.format(
        "a political rally with %s %s, %s sign, %s",
        colour.words(), kind.words(), symbol.words(), light.words());
  }
}
