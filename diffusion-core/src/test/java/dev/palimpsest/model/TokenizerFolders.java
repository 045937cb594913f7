package dev.palimpsest.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** The tokenizer folders among the test resources. */
final class TokenizerFolders {
  private TokenizerFolders() {}

  static Path path(String name) {
    try {
      String resource = "/golden/tokenizer/" + name;
      return Path.of(
          Objects.requireNonNull(TokenizerFolders.class.getResource(resource), resource).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static ClipTokenizer read(String name) {
    try {
      return ClipTokenizer.read(path(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
