package dev.palimpsest.examples.fashion;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** A set of small pictures of ten classes, in the files of Fashion-MNIST: bars of a place each. */
public final class SmallSet {
  private SmallSet() {}

  /** Writes {@code side}×{@code side} pictures, the pictures to test with gzipped. */
  public static Path write(Path folder, int side, int train, int test) {
    try {
      Files.createDirectories(folder);
      part(folder, "train", "", side, train, 1);
      part(folder, "t10k", ".gz", side, test, 2);
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void part(Path folder, String name, String suffix, int side, int count, long seed)
      throws IOException {
    var random = new Random(seed);
    byte[] pixels = new byte[count * side * side];
    byte[] labels = new byte[count];
    for (int i = 0; i < count; i++) {
      labels[i] = (byte) (i % 10);
      int place = i % 10 % side;
      for (int k = 0; k < side; k++) {
        int row = i % 10 < 5 ? place : k;
        int column = i % 10 < 5 ? k : place;
        pixels[(i * side + row) * side + column] = (byte) (200 + random.nextInt(56));
      }
    }
    byte[] pictures = idx(0x0803, pixels, count, side, side);
    write(folder.resolve(name + "-images-idx3-ubyte" + suffix), pictures);
    write(folder.resolve(name + "-labels-idx1-ubyte" + suffix), idx(0x0801, labels, count));
  }

  static void write(Path file, byte[] bytes) throws IOException {
    Files.write(file, file.toString().endsWith(".gz") ? gzip(bytes) : bytes);
  }

  static byte[] idx(int magic, byte[] data, int... dims) {
    try {
      var bytes = new ByteArrayOutputStream();
      var out = new DataOutputStream(bytes);
      out.writeInt(magic);
      for (int dim : dims) {
        out.writeInt(dim);
      }
      out.write(data);
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] gzip(byte[] bytes) {
    try {
      var compressed = new ByteArrayOutputStream();
      try (var out = new GZIPOutputStream(compressed)) {
        out.write(bytes);
      }
      return compressed.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
