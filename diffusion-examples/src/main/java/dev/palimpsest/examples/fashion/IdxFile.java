package dev.palimpsest.examples.fashion;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Reads IDX files of bytes, the format of MNIST and its successors: two zero bytes, the element
 * type, the number of dimensions, each dimension as a big-endian int32, the elements. A file that
 * starts as gzip does is decompressed.
 */
public final class IdxFile {
  /** Elements of the largest file that is read. */
  public static final long MAX_ELEMENTS = 1 << 28;

  private static final int UNSIGNED_BYTE = 0x08;
  private static final Map<Integer, String> OTHER_TYPES =
      Map.of(0x09, "int8", 0x0b, "int16", 0x0c, "int32", 0x0d, "float32", 0x0e, "float64");

  /** deflate cannot do better: 258 bytes for two bits. */
  private static final long BEST_RATIO = 1032;

  private final Path file;
  private final long length;
  private final int rank;

  private IdxFile(Path file, int rank) throws IOException {
    this.file = file;
    this.length = Files.size(file);
    this.rank = rank;
  }

  /**
   * The contents of a file.
   *
   * @param rank how many dimensions it must have, from 1
   * @return uint8, of the file's shape
   * @throws IdxException if the file is not IDX, has another type or rank, or its length is not
   *     what its dimensions say
   */
  public static Tensor read(Path file, int rank) throws IOException {
    checkArgument(rank >= 1, "rank must be >= 1, was %s", rank);
    var reader = new IdxFile(file, rank);
    try (var in = new BufferedInputStream(Files.newInputStream(file))) {
      in.mark(2);
      boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
      in.reset();
      return reader.read(gzip ? new GZIPInputStream(in) : in, gzip);
    } catch (EOFException e) {
      throw new IdxException(file, "ends within its header, or its compressed data", e);
    } catch (ZipException e) {
      throw new IdxException(file, "its compressed data are damaged: " + e.getMessage(), e);
    }
  }

  private Tensor read(InputStream in, boolean gzip) throws IOException {
    var data = new DataInputStream(in);
    checkMagic(data.readInt());
    Shape shape = shape(data);
    long elements = shape.elements();
    long header = 4 + 4L * rank;
    if (gzip && elements > BEST_RATIO * length) {
      throw new IdxException(
          file, shape + " needs more bytes than " + length + " compressed ones can hold");
    }
    if (!gzip && header + elements != length) {
      throw new IdxException(
          file, shape + " needs " + (header + elements) + " bytes, the file has " + length);
    }
    byte[] bytes = data.readNBytes(Math.toIntExact(elements));
    if (bytes.length != elements) {
      throw new IdxException(file, shape + " needs more than the " + bytes.length + " that follow");
    }
    if (data.read() >= 0) {
      throw new IdxException(file, "goes on after the elements of " + shape);
    }
    ByteBuffer buffer = Tensor.allocate(DType.UINT8, shape);
    buffer.duplicate().put(bytes);
    return Tensor.wrap(DType.UINT8, shape, buffer);
  }

  private void checkMagic(int magic) throws IdxException {
    int type = magic >>> 8;
    if (magic >>> 16 != 0) {
      throw new IdxException(
          file, String.format("is no IDX file: starts with 0x%08x, not with 0x0000", magic));
    }
    if (type != UNSIGNED_BYTE) {
      String name = OTHER_TYPES.getOrDefault(type, "of no type that IDX has");
      throw new IdxException(
          file, String.format("elements of type 0x%02x are %s; uint8 is read", type, name));
    }
    if ((magic & 0xff) != rank) {
      throw new IdxException(file, "has " + (magic & 0xff) + " dimensions, expected " + rank);
    }
  }

  private Shape shape(DataInputStream data) throws IOException {
    long[] dims = new long[rank];
    long elements = 1;
    for (int i = 0; i < rank; i++) {
      dims[i] = Integer.toUnsignedLong(data.readInt());
      if (dims[i] == 0) {
        throw new IdxException(file, "dimension " + i + " is 0");
      }
      elements *= dims[i];
      if (elements > MAX_ELEMENTS) {
        throw new IdxException(
            file,
            "dimensions "
                + Arrays.toString(Arrays.copyOf(dims, i + 1))
                + " exceed the limit of "
                + MAX_ELEMENTS
                + " elements");
      }
    }
    return Shape.of(dims);
  }
}
