package dev.palimpsest.model;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Ids beyond a text encoder's vocabulary that have vectors of their own.
 *
 * @param firstId the first of them; all below are the encoder's
 * @param count how many there are
 */
public record AddedVectors(int firstId, int count) {
  static final AddedVectors NONE = new AddedVectors(1, 0);

  public AddedVectors {
    checkArgument(firstId > 0, "firstId must be > 0, was %s", firstId);
    checkArgument(count >= 0, "count must be >= 0, was %s", count);
  }
}
