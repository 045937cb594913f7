package dev.palimpsest.examples.car;

/** The colours of paint. */
public enum Paint implements Trait {
  RED("red", 0xc01818),
  ORANGE("orange", 0xe8720c),
  YELLOW("yellow", 0xf2c812),
  GREEN("green", 0x147a34),
  BLUE("blue", 0x1650b8),
  PURPLE("purple", 0x6a2490),
  BROWN("brown", 0x64401f),
  BLACK("black", 0x121214),
  WHITE("white", 0xf0f0ee),
  SILVER("silver", 0xa4a8ac);

  private final String words;
  private final int rgb;

  Paint(String words, int rgb) {
    this.words = words;
    this.rgb = rgb;
  }

  @Override
  public String words() {
    return words;
  }

  @Override
  public int number() {
    return ordinal() + 1;
  }

  /** The colour before light falls on it, sRGB as 0xRRGGBB. */
  public int rgb() {
    return rgb;
  }
}
