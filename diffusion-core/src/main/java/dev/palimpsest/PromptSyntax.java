package dev.palimpsest;

/** How a prompt's text is read. */
public enum PromptSyntax {
  /** As diffusers: the text as it is, cut after the tokenizer's maximum with a warning. */
  PLAIN,
  /**
   * {@code (word:1.3)} and {@code [word]} weigh words, and a long prompt is encoded in chunks; see
   * {@link dev.palimpsest.model.WeightedPrompt}.
   */
  WEIGHTED
}
