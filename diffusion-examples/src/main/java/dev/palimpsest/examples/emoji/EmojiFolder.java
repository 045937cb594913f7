package dev.palimpsest.examples.emoji;

import dev.palimpsest.image.PngFile;
import dev.palimpsest.image.PngMetadata;
import dev.palimpsest.lora.ImageFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Pictures of emoji with captions as a folder that a LoRA is trained on. */
public final class EmojiFolder {
  private EmojiFolder() {}

  /** Writes each subject in each style; the folder is made if it is missing. */
  public static ImageFolder write(
      Emoji64 emoji, List<Subject> subjects, List<Style> styles, Path folder) throws IOException {
    Files.createDirectories(folder);
    for (Subject subject : subjects) {
      for (Style style : styles) {
        String name = String.format(Locale.ROOT, "%03d-%s", subject.index(), style);
        PngFile.write(
            folder.resolve(name + ".png"), emoji.picture(subject, style), PngMetadata.none());
        Files.writeString(folder.resolve(name + ".txt"), style.prompt(subject.caption()));
      }
    }
    return ImageFolder.of(folder);
  }
}
