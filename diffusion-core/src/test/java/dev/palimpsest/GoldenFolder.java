package dev.palimpsest;

import static java.util.Objects.requireNonNull;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Folders of golden cases, stored as zips among the test resources. Each is unpacked once a run
 * into a temporary folder that goes when the run ends.
 */
public final class GoldenFolder {
  private static final Map<String, Path> UNPACKED = new ConcurrentHashMap<>();

  private GoldenFolder() {}

  /** The folder that the zip {@code resource} holds, such as {@code /golden/text.zip}. */
  public static Path of(String resource) {
    return UNPACKED.computeIfAbsent(resource, GoldenFolder::unpack);
  }

  private static Path unpack(String resource) {
    try (InputStream file = GoldenFolder.class.getResourceAsStream(resource);
        var zip = new ZipInputStream(requireNonNull(file, resource))) {
      Path folder = Files.createTempDirectory("golden");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
        Path target = folder.resolve(entry.getName());
        Files.createDirectories(requireNonNull(target.getParent()));
        Files.copy(zip, target);
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) {
    try {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
