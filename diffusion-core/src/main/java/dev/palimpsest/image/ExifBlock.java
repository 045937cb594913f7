package dev.palimpsest.image;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javax.imageio.stream.ImageInputStream;

/**
 * Finds the Exif block, a TIFF directory, in the segments of a JPEG or the chunks of a PNG (eXIf)
 * or a WebP (EXIF). Nothing is decoded.
 */
final class ExifBlock {
  private static final int JPEG = 0xffd8;
  private static final int APP1 = 0xffe1;
  private static final int START_OF_SCAN = 0xffda;
  private static final long PNG = 0x89504e470d0a1a0aL;
  private static final int RIFF = 0x52494646;
  private static final int WEBP = 0x57454250;

  /** A longer block is not looked at; JPEG allows no more. */
  private static final int LARGEST = 1 << 16;

  private static final byte[] PREFIX = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);

  private ExifBlock() {}

  /** The block, of a stream at its beginning, which stays there; empty for other formats. */
  static Optional<ByteBuffer> find(ImageInputStream in) throws IOException {
    ByteOrder order = in.getByteOrder();
    in.mark();
    try {
      in.setByteOrder(ByteOrder.BIG_ENDIAN);
      int first = in.readInt();
      int second = in.readInt();
      if (first >>> 16 == JPEG) {
        in.seek(in.getStreamPosition() - 6);
        return inJpeg(in);
      }
      if (((long) first << 32 | second & 0xffffffffL) == PNG) {
        return inPng(in);
      }
      return first == RIFF && in.readInt() == WEBP ? inWebp(in) : Optional.empty();
    } catch (EOFException e) {
      return Optional.empty(); // the decoder will say that the file is truncated
    } finally {
      in.setByteOrder(order);
      in.reset();
    }
  }

  private static Optional<ByteBuffer> inJpeg(ImageInputStream in) throws IOException {
    for (int marker = in.readUnsignedShort();
        marker > 0xff00 && marker != START_OF_SCAN;
        marker = in.readUnsignedShort()) {
      byte[] segment = new byte[Math.max(0, in.readUnsignedShort() - 2)];
      in.readFully(segment);
      if (marker == APP1 && isPrefixed(segment)) {
        return Optional.of(block(segment));
      }
    }
    return Optional.empty();
  }

  private static Optional<ByteBuffer> inPng(ImageInputStream in) throws IOException {
    while (true) {
      long length = in.readUnsignedInt();
      int kind = in.readInt();
      if (kind == 0x65584966) { // eXIf
        return read(in, length);
      }
      if (kind == 0x49454e44) { // IEND
        return Optional.empty();
      }
      in.seek(in.getStreamPosition() + length + 4);
    }
  }

  private static Optional<ByteBuffer> inWebp(ImageInputStream in) throws IOException {
    while (true) {
      int kind = in.readInt();
      in.setByteOrder(ByteOrder.LITTLE_ENDIAN);
      long length = in.readUnsignedInt();
      in.setByteOrder(ByteOrder.BIG_ENDIAN);
      if (kind == 0x45584946) { // EXIF
        return read(in, length);
      }
      in.seek(in.getStreamPosition() + length + length % 2);
    }
  }

  private static Optional<ByteBuffer> read(ImageInputStream in, long length) throws IOException {
    if (length > LARGEST) {
      return Optional.empty();
    }
    byte[] bytes = new byte[(int) length];
    in.readFully(bytes);
    return Optional.of(block(bytes));
  }

  private static ByteBuffer block(byte[] bytes) {
    int start = isPrefixed(bytes) ? PREFIX.length : 0;
    return ByteBuffer.wrap(bytes, start, bytes.length - start).slice();
  }

  private static boolean isPrefixed(byte[] bytes) {
    return bytes.length >= PREFIX.length
        && ByteBuffer.wrap(bytes, 0, PREFIX.length).equals(ByteBuffer.wrap(PREFIX));
  }
}
