package dev.palimpsest.examples;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A folder that only this user may read, deleted when closed or, at the latest, at the JVM's exit.
 */
public final class TemporaryFolder implements AutoCloseable {
  private final Path path;
  private final Thread atExit;

  private TemporaryFolder(Path path) {
    this.path = path;
    this.atExit = new Thread(() -> delete(path), "delete " + path);
  }

  public static TemporaryFolder create() throws IOException {
    var folder = new TemporaryFolder(Files.createTempDirectory("palimpsest-"));
    Runtime.getRuntime().addShutdownHook(folder.atExit);
    return folder;
  }

  public Path path() {
    return path;
  }

  /** Copies resources that lie beside a class to the same relative places in this folder. */
  void extract(Class<?> beside, Iterable<String> names) throws IOException {
    for (String name : names) {
      Path target = path.resolve(name);
      Files.createDirectories(target.resolveSibling(""));
      try (InputStream in = beside.getResourceAsStream(name)) {
        if (in == null) {
          throw new NoSuchFileException("resource " + name + " of " + beside.getPackageName());
        }
        Files.copy(in, target);
      }
    }
  }

  @Override
  public void close() {
    delete(path);
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException exiting) {
      // The hook then finds nothing left.
    }
  }

  private static void delete(Path path) {
    try {
      // Nobody else may write there, so its entries cannot be exchanged for links meanwhile.
      MoreFiles.deleteRecursively(path, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      // Gone already, or still mapped (Windows): the system's own cleaning gets it.
    }
  }
}
