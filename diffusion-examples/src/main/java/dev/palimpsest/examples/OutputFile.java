package dev.palimpsest.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks before long work that its outcome can be written. */
final class OutputFile {
  private OutputFile() {}

  /**
   * @throws IOException if the file's folder is missing or closed to this user, or the file is a
   *     folder
   */
  static Path check(Path file) throws IOException {
    Path folder = file.toAbsolutePath().normalize().getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw new IOException("cannot write " + file + ": it is a folder");
    }
    if (!Files.isDirectory(folder)) {
      throw new IOException("cannot write " + file + ": there is no folder " + folder);
    }
    if (!Files.isWritable(folder)) {
      throw new IOException("cannot write " + file + ": no permission to write in " + folder);
    }
    return file;
  }
}
