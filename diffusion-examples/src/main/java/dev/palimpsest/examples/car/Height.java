package dev.palimpsest.examples.car;

/** How high the camera stands. */
public enum Height implements Trait {
  LOW("low angle", 5),
  HIGH("high angle", 20);

  private final String words;
  private final int degrees;

  Height(String words, int degrees) {
    this.words = words;
    this.degrees = degrees;
  }

  @Override
  public String words() {
    return words;
  }

  @Override
  public int number() {
    return ordinal() + 1;
  }

  /** Degrees above the horizon. */
  public int degrees() {
    return degrees;
  }
}
