package dev.palimpsest.examples.car;

/** What the car stands on. */
public enum Ground implements Trait {
  ROAD("on road"),
  SAND("on sand"),
  GRASS("on grass"),
  SNOW("on snow"),
  FLOOR("floor");

  private final String words;

  Ground(String words) {
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
