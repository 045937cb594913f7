package dev.palimpsest.model;

import dev.palimpsest.tensor.GoldenArrays;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** The tokenizer folders among the test resources. */
final class TokenizerFolders {
  private TokenizerFolders() {}

  static Path path(String name) {
    return GoldenArrays.file("tokenizer", name);
  }

  static ClipTokenizer read(String name) {
    try {
      return ClipTokenizer.read(path(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
