package dev.palimpsest.esd.report;

/** What a report's prompt is there for. */
public enum PromptKind {
  /** It names a concept that was erased. */
  CONCEPT("concepts"),
  /** It asks for an erased concept in other words or inside a longer sentence. */
  PARAPHRASE("paraphrases"),
  /** It asks for something that should have stayed. */
  UNRELATED("unrelated");

  private final String plural;

  PromptKind(String plural) {
    this.plural = plural;
  }

  /** Such as {@code concepts}. */
  public String plural() {
    return plural;
  }
}
