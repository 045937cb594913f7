package dev.palimpsest.examples.car;

/** What the paint's surface is like. */
public enum Finish implements Trait {
  GLOSS("gloss"),
  METALLIC("metallic"),
  MATTE("matte");

  private final String words;

  Finish(String words) {
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
