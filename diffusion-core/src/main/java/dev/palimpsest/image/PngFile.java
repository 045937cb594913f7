package dev.palimpsest.image;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.file.AtomicFile;
import java.awt.image.BufferedImage;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipException;

/** PNG files with metadata. */
public final class PngFile {
  private static final int MAX_TEXTS = 1000;

  private PngFile() {}

  /**
   * Writes a picture whole or not at all: a temporary sibling is synced and renamed over {@code
   * file}.
   *
   * @throws IOException if it cannot be written; then nothing new is left behind
   */
  public static void write(Path file, BufferedImage image, PngMetadata metadata)
      throws IOException {
    AtomicFile.write(file, encode(image, metadata));
  }

  /** The bytes of an 8-bit RGB PNG; the same for the same arguments on one Java runtime. */
  public static byte[] encode(BufferedImage image, PngMetadata metadata) {
    return PngEncoder.encode(image, metadata);
  }

  /**
   * What the text chunks of a file say; of two with one keyword the later.
   *
   * @throws CheckpointException if the file is no PNG, damaged or holds texts beyond 16 MiB
   */
  public static PngMetadata metadata(Path file) throws IOException {
    try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      if (in.readLong() != PngEncoder.SIGNATURE) {
        throw new CheckpointException("it does not start as a PNG does");
      }
      return new PngMetadata(texts(in));
    } catch (EOFException e) {
      throw new CheckpointException(file + " is a truncated PNG", e);
    } catch (CheckpointException | ZipException | IllegalArgumentException e) {
      throw new CheckpointException(file + " is no valid PNG: " + e.getMessage(), e);
    }
  }

  private static Map<String, String> texts(DataInputStream in) throws IOException {
    var texts = new LinkedHashMap<String, String>();
    long total = 0;
    for (int count = 0; ; ) {
      long length = Integer.toUnsignedLong(in.readInt());
      byte[] kind = in.readNBytes(4);
      String name = new String(kind, StandardCharsets.ISO_8859_1);
      if (name.equals("IEND")) {
        return texts;
      }
      if (!PngText.isText(name)) {
        in.skipNBytes(length + 4);
        continue;
      }
      total += length;
      if (total > PngText.MAX_BYTES || ++count > MAX_TEXTS) {
        throw new CheckpointException("it holds more than 16 MiB or 1000 chunks of text");
      }
      byte[] data = new byte[(int) length];
      in.readFully(data);
      checkSum(name, kind, data, in.readInt());
      Map.Entry<String, String> text = PngText.decode(name, data);
      texts.put(text.getKey(), text.getValue());
    }
  }

  private static void checkSum(String name, byte[] kind, byte[] data, int want)
      throws CheckpointException {
    var crc = new CRC32();
    crc.update(kind);
    crc.update(data);
    if ((int) crc.getValue() != want) {
      throw new CheckpointException("the checksum of a " + name + " chunk is wrong");
    }
  }
}
