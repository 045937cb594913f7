package dev.palimpsest.model;

import com.google.common.primitives.ImmutableLongArray;

/**
 * A prompt as a text encoder takes it: ids framed by the begin and end tokens, cut or padded to the
 * tokenizer's maximum length. Immutable.
 */
public final class Tokens {
  private final ImmutableLongArray ids;
  private final int attentionMaskSum;
  private final String truncated;

  Tokens(ImmutableLongArray ids, int attentionMaskSum, String truncated) {
    this.ids = ids;
    this.attentionMaskSum = attentionMaskSum;
    this.truncated = truncated;
  }

  /** The ids, padding included; a new array. */
  public long[] ids() {
    return ids.toArray();
  }

  /** How many ids there are, padding included. */
  public int length() {
    return ids.length();
  }

  /** How many ids from the first are not padding: the sum of the attention mask. */
  public int attentionMaskSum() {
    return attentionMaskSum;
  }

  /** The end of the prompt that did not fit, as normalised text; empty if all fitted. */
  public String truncated() {
    return truncated;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Tokens tokens
        && ids.equals(tokens.ids)
        && attentionMaskSum == tokens.attentionMaskSum
        && truncated.equals(tokens.truncated);
  }

  @Override
  public int hashCode() {
    return ids.hashCode();
  }

  @Override
  public String toString() {
    return "Tokens" + ids;
  }
}
