package dev.palimpsest.examples.emoji;

/** A drawing style: its sheet of pictures and how prompts ask for it. */
public enum Style {
  RENDER("fluent_3d.png", "a 3d render of"),
  FLAT("fluent_flat.png", "a flat icon of"),
  NOTO("noto.png", "a noto drawing of"),
  TWEMOJI("twemoji.png", "a twemoji of"),
  LINES("openmoji_black.png", "a line drawing of");

  private final String sheet;
  private final String phrase;

  Style(String sheet, String phrase) {
    this.sheet = sheet;
    this.phrase = phrase;
  }

  String sheet() {
    return sheet;
  }

  /** The words that begin a prompt, such as {@code a flat icon of}. */
  public String phrase() {
    return phrase;
  }

  /** The prompt for a subject, such as {@code a flat icon of a fire engine}. */
  public String prompt(String subject) {
    return phrase + " a " + subject;
  }
}
