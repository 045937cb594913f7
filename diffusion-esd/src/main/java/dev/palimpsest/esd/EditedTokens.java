package dev.palimpsest.esd;

/** Which of a concept's token embeddings a closed-form edit changes. */
public enum EditedTokens {
  /** That of the concept's last token, which has read all the others; as UCE's reference. */
  LAST_SUBJECT,
  /** That one and all after it, the padding included; as older editing methods (TIME). */
  FROM_LAST_SUBJECT
}
