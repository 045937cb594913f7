package dev.palimpsest.examples;

import dev.palimpsest.examples.emoji.Emoji64;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where the pictures of five drawing styles are. */
final class PictureOptions {
  @Option(
      names = "--data",
      paramLabel = "DIR",
      defaultValue = "diffusion-examples/data/emoji64",
      description = "The pictures and subjects; default ${DEFAULT-VALUE}.")
  private Path data = Path.of("");

  Emoji64 read() throws IOException {
    return Emoji64.read(data);
  }
}
