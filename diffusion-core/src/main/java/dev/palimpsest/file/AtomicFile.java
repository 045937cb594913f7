package dev.palimpsest.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * A file that appears whole: it is written beside its target, forced to the device and renamed over
 * it. Closed without {@link #commit}, it leaves the target as it was. One thread.
 */
public final class AtomicFile implements AutoCloseable {
  private final Path target;
  private final Path temporary;
  private final FileChannel channel;

  private AtomicFile(Path target, Path temporary, FileChannel channel) {
    this.target = target;
    this.temporary = temporary;
    this.channel = channel;
  }

  /**
   * Begins a file.
   *
   * @throws NoSuchFileException if there is no folder for it
   * @throws IOException if the target is a folder, or nothing can be written beside it
   */
  public static AtomicFile create(Path path) throws IOException {
    Path target = path.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new NoSuchFileException(path.toString(), null, "there is no folder " + folder);
    }
    if (Files.isDirectory(target)) {
      throw new IOException(path + " is a folder, so no file can be written there");
    }
    // Not createTempFile: its files are readable by their owner only, and so would be the result.
    Path temporary = folder.resolve(".palimpsest-" + UUID.randomUUID() + ".tmp");
    return new AtomicFile(
        target,
        temporary,
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
  }

  /** Writes a file of the given bytes. */
  public static void write(Path path, byte[] bytes) throws IOException {
    try (AtomicFile file = create(path)) {
      file.append(ByteBuffer.wrap(bytes));
      file.commit();
    }
  }

  /** Writes all that remains of a buffer behind what is there. */
  public void append(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Where the next byte goes. */
  public long position() throws IOException {
    return channel.position();
  }

  /** Leaves zeros up to a place behind the end. */
  public void skipTo(long position) throws IOException {
    channel.position(position);
  }

  /** Forces what is written to the device. */
  public void sync() throws IOException {
    channel.force(true);
  }

  /** Puts the file in its target's place. */
  public void commit() throws IOException {
    sync();
    channel.close();
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(temporary);
  }
}
