package dev.palimpsest.checkpoint;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** The folders beside the tests' classes, made by diffusers 0.42.1 and transformers 5.23.0. */
final class GoldenFolders {
  private GoldenFolders() {}

  static Path of(String name) {
    try {
      return Path.of(Objects.requireNonNull(GoldenFolders.class.getResource(name)).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
