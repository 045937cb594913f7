package dev.palimpsest.examples.car;

/** The signs on placards. */
public enum Symbol implements Trait {
  RING("ring"),
  BARS("bars"),
  ARROW("arrow"),
  BURST("burst");

  private final String words;

  Symbol(String words) {
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
