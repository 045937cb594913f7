package dev.palimpsest.examples.car;

/** The design of the wheels. */
public enum Wheels implements Trait {
  STAR("star wheels"),
  FAN("fan wheels"),
  DISC("disc wheels");

  private final String words;

  Wheels(String words) {
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
