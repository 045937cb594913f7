package dev.palimpsest.attention;

/** The halves of a guidance pair, of which an edit changes one or both. */
public enum GuidanceHalf {
  /** What the network says with the prompt; all there is without guidance. */
  CONDITIONAL,
  /** What it says with the negative prompt or none. */
  UNCONDITIONAL,
  BOTH;

  /** Whether rows of a half, which is not {@link #BOTH}, are among these. */
  public boolean includes(GuidanceHalf half) {
    return this == BOTH || this == half;
  }
}
