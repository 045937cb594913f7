package dev.palimpsest.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes 8-bit RGB pictures as PNG: header, texts, one data chunk, end. */
final class PngEncoder {
  static final long SIGNATURE = 0x89504e470d0a1a0aL;

  private static final int FILTERS = 5;

  private PngEncoder() {}

  static byte[] encode(BufferedImage image, PngMetadata metadata) {
    var out = new ByteArrayOutputStream();
    out.writeBytes(ByteBuffer.allocate(8).putLong(SIGNATURE).array());
    ByteBuffer header = ByteBuffer.allocate(13).putInt(image.getWidth()).putInt(image.getHeight());
    header.put((byte) 8).put((byte) 2); // 8 bits of red, green, blue
    chunk(out, "IHDR", header.array());
    metadata
        .text()
        .forEach((key, text) -> chunk(out, PngText.kind(key, text), PngText.encode(key, text)));
    chunk(out, "IDAT", deflate(filtered(image)));
    chunk(out, "IEND", new byte[0]);
    return out.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream out, String kind, byte[] data) {
    ByteBuffer chunk = ByteBuffer.allocate(data.length + 12);
    chunk.putInt(data.length).put(kind.getBytes(StandardCharsets.US_ASCII)).put(data);
    var crc = new CRC32();
    crc.update(chunk.array(), 4, data.length + 4);
    out.writeBytes(chunk.putInt((int) crc.getValue()).array());
  }

  private static byte[] deflate(byte[] data) {
    var deflater = new Deflater(6);
    try {
      deflater.setInput(data);
      deflater.finish();
      var out = new ByteArrayOutputStream();
      byte[] buffer = new byte[1 << 16];
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  /** Each row after the number of its filter, the one with the smallest sum of differences. */
  private static byte[] filtered(BufferedImage image) {
    int[] pixels = Rgb.pixels(image);
    int width = image.getWidth();
    int stride = 3 * width;
    byte[] out = new byte[Math.multiplyExact(image.getHeight(), stride + 1)];
    byte[] above = new byte[stride];
    byte[] row = new byte[stride];
    byte[] trial = new byte[stride];
    for (int y = 0; y < image.getHeight(); y++) {
      for (int i = 0; i < stride; i++) {
        row[i] = (byte) (pixels[y * width + i / 3] >>> (16 - 8 * (i % 3)));
      }
      long best = Long.MAX_VALUE;
      for (int filter = 0; filter < FILTERS; filter++) {
        long cost = filter(filter, row, above, trial);
        if (cost < best) {
          best = cost;
          out[y * (stride + 1)] = (byte) filter;
          System.arraycopy(trial, 0, out, y * (stride + 1) + 1, stride);
        }
      }
      byte[] swap = above;
      above = row;
      row = swap;
    }
    return out;
  }

  private static long filter(int filter, byte[] row, byte[] above, byte[] out) {
    long cost = 0;
    for (int i = 0; i < row.length; i++) {
      int left = i < 3 ? 0 : row[i - 3] & 0xff;
      int up = above[i] & 0xff;
      int corner = i < 3 ? 0 : above[i - 3] & 0xff;
      int guess =
          switch (filter) {
            case 0 -> 0;
            case 1 -> left;
            case 2 -> up;
            case 3 -> (left + up) / 2;
            default -> paeth(left, up, corner);
          };
      out[i] = (byte) (row[i] - guess);
      cost += Math.abs(out[i]);
    }
    return cost;
  }

  private static int paeth(int left, int up, int corner) {
    int estimate = left + up - corner;
    int byLeft = Math.abs(estimate - left);
    int byUp = Math.abs(estimate - up);
    int byCorner = Math.abs(estimate - corner);
    if (byLeft <= byUp && byLeft <= byCorner) {
      return left;
    }
    return byUp <= byCorner ? up : corner;
  }
}
