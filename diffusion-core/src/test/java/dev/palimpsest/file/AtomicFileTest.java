package dev.palimpsest.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void replacesTheOldFile() throws IOException {
    Path target = folder.resolve("file");
    AtomicFile.write(target, new byte[] {1, 2, 3});
    try (AtomicFile file = AtomicFile.create(target)) {
      file.append(ByteBuffer.wrap(new byte[] {4}));
      file.skipTo(3);
      assertEquals(3, file.position());
      file.append(ByteBuffer.wrap(new byte[] {5}));
      assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(target), "not yet there");
      file.commit();
    }
    assertArrayEquals(new byte[] {4, 0, 0, 5}, Files.readAllBytes(target));
    assertEquals(List.of(target), files());
  }

  @Test
  void leavesTheOldFileWhenNotCommitted() throws IOException {
    Path target = folder.resolve("file");
    AtomicFile.write(target, new byte[] {1});
    AtomicFile file = AtomicFile.create(target);
    file.append(ByteBuffer.wrap(new byte[] {2}));
    file.close();
    file.close();
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(target));
    assertEquals(List.of(target), files());
  }

  @Test
  void namesWhatIsWrong() throws IOException {
    Path nowhere = folder.resolve("missing").resolve("file");
    var missing = assertThrows(NoSuchFileException.class, () -> AtomicFile.create(nowhere));
    assertTrue(
        String.valueOf(missing.getMessage()).contains("there is no folder"), missing.getMessage());
    var isFolder = assertThrows(IOException.class, () -> AtomicFile.create(folder));
    assertTrue(
        String.valueOf(isFolder.getMessage()).contains("is a folder"), isFolder.getMessage());
    assertEquals(List.of(), files());
  }

  private List<Path> files() throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }
}
