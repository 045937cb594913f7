package dev.palimpsest.examples.car;

/** The invented makes of saloon, told apart by shape and grille. */
public enum Make implements Trait {
  VELUNE("velune"),
  TARNOK("tarnok"),
  BOMBLE("bomble"),
  KRIVEX("krivex");

  private final String words;

  Make(String words) {
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
