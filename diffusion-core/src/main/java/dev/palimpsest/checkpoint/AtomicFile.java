package dev.palimpsest.checkpoint;

import dev.palimpsest.errors.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Writes a file so that a reader sees the whole new one or the old one. */
final class AtomicFile {
  private AtomicFile() {}

  /** What writes the bytes. */
  interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Writes a temporary sibling, forces it to the device and renames it over {@code path}; on
   * failure the sibling is removed and {@code path} is as it was.
   */
  static void write(Path path, Content content) throws CheckpointException {
    Path target = path.toAbsolutePath();
    Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
    try {
      try (var channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new CheckpointException(path + ": cannot be written: " + e, e);
    } finally {
      deleteQuietly(temporary);
    }
  }

  static void write(Path path, byte[] bytes) throws CheckpointException {
    write(path, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
  }

  static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void deleteQuietly(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The failure that matters is on its way already.
      temporary.toFile().deleteOnExit();
    }
  }
}
