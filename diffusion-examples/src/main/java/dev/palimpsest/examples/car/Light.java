package dev.palimpsest.examples.car;

/** Where the light comes from. */
public enum Light implements Trait {
  NOON("at noon"),
  SUNSET("at sunset"),
  OVERCAST("overcast"),
  NIGHT("night street"),
  STUDIO("studio");

  private final String words;

  Light(String words) {
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
