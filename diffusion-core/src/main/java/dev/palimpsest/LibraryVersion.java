package dev.palimpsest;

/** The name and version that pictures, erasures and adapters record as what made them. */
public final class LibraryVersion {
  private LibraryVersion() {}

  /** For example {@code palimpsest 0.1.0}; without a number where no jar tells it. */
  public static String text() {
    String version = LibraryVersion.class.getPackage().getImplementationVersion();
    return "palimpsest" + (version == null ? "" : " " + version);
  }
}
