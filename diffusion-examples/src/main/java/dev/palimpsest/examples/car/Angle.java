package dev.palimpsest.examples.car;

/** The side that is seen, in steps of 30 degrees from the front over the car's left. */
public enum Angle implements Trait {
  FRONT("front view"),
  LEFT_FRONT_QUARTER("left front quarter view"),
  LEFT_FRONT_THREE_QUARTER("left front three quarter view"),
  LEFT_SIDE("left side view"),
  LEFT_REAR_THREE_QUARTER("left rear three quarter view"),
  LEFT_REAR_QUARTER("left rear quarter view"),
  REAR("rear view"),
  RIGHT_REAR_QUARTER("right rear quarter view"),
  RIGHT_REAR_THREE_QUARTER("right rear three quarter view"),
  RIGHT_SIDE("right side view"),
  RIGHT_FRONT_THREE_QUARTER("right front three quarter view"),
  RIGHT_FRONT_QUARTER("right front quarter view");

  private final String words;

  Angle(String words) {
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

  /** Degrees from the front over the car's left. */
  public int degrees() {
    return 30 * ordinal();
  }

  /** What the side is in a picture whose left and right are exchanged. */
  public Angle mirrored() {
    return values()[(values().length - ordinal()) % values().length];
  }
}
