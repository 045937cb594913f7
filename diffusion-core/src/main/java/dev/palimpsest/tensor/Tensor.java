package dev.palimpsest.tensor;

import static com.google.common.base.Preconditions.checkArgument;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A host value: an element type, a shape and row-major little-endian data.
 *
 * <p>A tensor is a value: nobody changes its data after it was made. {@link #of(Shape, float[])}
 * and {@link #wrap} keep what they are handed without a copy and {@link #floats()} may give it out
 * again, so who hands an array in, or gets one out, must not write to it. Thread-safe on that
 * condition.
 */
public final class Tensor {
  private final DType dtype;
  private final Shape shape;
  // Exactly one of the two is set: float32 values computed on the host live in an array.
  private final float @Nullable [] array;
  private final @Nullable ByteBuffer buffer;

  private Tensor(DType dtype, Shape shape, float @Nullable [] array, @Nullable ByteBuffer buffer) {
    this.dtype = dtype;
    this.shape = shape;
    this.array = array;
    this.buffer = buffer;
  }

  /** A float32 tensor over {@code values}, which is not copied. */
  public static Tensor of(Shape shape, float... values) {
    checkCount(shape, values.length);
    return new Tensor(DType.FLOAT32, shape, values, null);
  }

  public static Tensor of(Shape shape, double... values) {
    checkCount(shape, values.length);
    ByteBuffer bytes = allocate(DType.FLOAT64, shape);
    bytes.asDoubleBuffer().put(values);
    return new Tensor(DType.FLOAT64, shape, null, bytes);
  }

  public static Tensor of(Shape shape, long... values) {
    checkCount(shape, values.length);
    ByteBuffer bytes = allocate(DType.INT64, shape);
    bytes.asLongBuffer().put(values);
    return new Tensor(DType.INT64, shape, null, bytes);
  }

  public static Tensor of(Shape shape, int... values) {
    checkCount(shape, values.length);
    ByteBuffer bytes = allocate(DType.INT32, shape);
    bytes.asIntBuffer().put(values);
    return new Tensor(DType.INT32, shape, null, bytes);
  }

  public static Tensor scalar(float value) {
    return of(Shape.scalar(), value);
  }

  public static Tensor scalar(long value) {
    return of(Shape.scalar(), value);
  }

  /** A float32 tensor of zeros. */
  public static Tensor zeros(Shape shape) {
    return of(shape, new float[Math.toIntExact(shape.elements())]);
  }

  /**
   * A tensor over the remaining bytes of {@code data}, which is not copied.
   *
   * @param data little-endian elements; direct or mapped if native code is to read it in place
   */
  public static Tensor wrap(DType dtype, Shape shape, ByteBuffer data) {
    checkArgument(
        data.remaining() == Math.multiplyExact(shape.elements(), dtype.bytes()),
        "%s of shape %s needs %s bytes, got %s",
        dtype,
        shape,
        shape.elements() * dtype.bytes(),
        data.remaining());
    return new Tensor(dtype, shape, null, data.slice().order(ByteOrder.LITTLE_ENDIAN));
  }

  /** A direct little-endian buffer for a tensor of this type and shape, for {@link #wrap}. */
  public static ByteBuffer allocate(DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.elements(), dtype.bytes());
    checkArgument(
        bytes <= Integer.MAX_VALUE, "%s of shape %s exceeds 2 GiB on the host", dtype, shape);
    return ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  public DType dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  public long elements() {
    return shape.elements();
  }

  /** Bytes of data. */
  public long byteSize() {
    return shape.elements() * dtype.bytes();
  }

  /**
   * The elements as float32; the backing array itself where there is one, otherwise a converted
   * copy. Not to be written to.
   */
  public float[] floats() {
    if (array != null) {
      return array;
    }
    ByteBuffer data = bytes();
    float[] out = new float[Math.toIntExact(elements())];
    switch (dtype) {
      case FLOAT32 -> data.asFloatBuffer().get(out);
      case FLOAT16 -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = HalfPrecision.fromFloat16(data.getShort(2 * i));
        }
      }
      case BFLOAT16 -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = HalfPrecision.fromBfloat16(data.getShort(2 * i));
        }
      }
      case FLOAT64 -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = (float) data.getDouble(8 * i);
        }
      }
      case INT8, UINT8, INT16, INT32, INT64, BOOL -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = integer(data, i);
        }
      }
    }
    return out;
  }

  /** The elements as float64, a new array. */
  public double[] doubles() {
    double[] out = new double[Math.toIntExact(elements())];
    if (dtype == DType.FLOAT64) {
      bytes().asDoubleBuffer().get(out);
    } else if (dtype.isFloating()) {
      float[] floats = floats();
      for (int i = 0; i < out.length; i++) {
        out[i] = floats[i];
      }
    } else {
      ByteBuffer data = bytes();
      for (int i = 0; i < out.length; i++) {
        out[i] = integer(data, i);
      }
    }
    return out;
  }

  /**
   * The elements as int64, a new array.
   *
   * @throws IllegalStateException if the element type is floating
   */
  public long[] longs() {
    if (dtype.isFloating()) {
      throw new IllegalStateException("a tensor of " + dtype + " has no exact integer elements");
    }
    ByteBuffer data = bytes();
    long[] out = new long[Math.toIntExact(elements())];
    for (int i = 0; i < out.length; i++) {
      out[i] = integer(data, i);
    }
    return out;
  }

  /**
   * The data, little-endian, read-only. Where the tensor wraps a buffer this is a view of it,
   * direct if that buffer is; where it is backed by an array this is a direct copy.
   */
  public ByteBuffer bytes() {
    if (buffer != null) {
      return buffer.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
    ByteBuffer copy = allocate(dtype, shape);
    copy.asFloatBuffer().put(array);
    return copy.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether {@link #bytes()} is a view of direct memory rather than a copy. */
  public boolean isDirect() {
    return buffer != null && buffer.isDirect();
  }

  /** The same data under another shape with as many elements. */
  public Tensor reshape(Shape other) {
    checkArgument(other.elements() == shape.elements(), "cannot reshape %s to %s", shape, other);
    return new Tensor(dtype, other, array, buffer);
  }

  /** This tensor as {@code other}; itself if it has that type already. Floating types only. */
  public Tensor as(DType other) {
    if (other == dtype) {
      return this;
    }
    checkArgument(
        dtype.isFloating() && other.isFloating(), "cannot convert %s to %s", dtype, other);
    if (other == DType.FLOAT32) {
      return of(shape, floats());
    }
    ByteBuffer out = allocate(other, shape);
    int count = Math.toIntExact(elements());
    if (other == DType.FLOAT64) {
      out.asDoubleBuffer().put(doubles());
    } else {
      float[] values = floats();
      for (int i = 0; i < count; i++) {
        out.putShort(
            2 * i,
            other == DType.FLOAT16
                ? HalfPrecision.toFloat16(values[i])
                : HalfPrecision.toBfloat16(values[i]));
      }
    }
    return new Tensor(other, shape, null, out);
  }

  /**
   * Rows {@code from} (inclusive) to {@code to} (exclusive) of the outermost dimension, a copy for
   * array-backed tensors.
   */
  public Tensor rows(int from, int to) {
    checkArgument(shape.rank() > 0, "a scalar has no rows");
    checkArgument(
        0 <= from && from <= to && to <= shape.dim(0), "no rows %s..%s in %s", from, to, shape);
    Shape part = shape.withDim(0, to - from);
    int row = Math.toIntExact(shape.dim(0) == 0 ? 0 : elements() / shape.dim(0));
    if (array != null) {
      return of(part, java.util.Arrays.copyOfRange(array, from * row, to * row));
    }
    ByteBuffer view = bytes();
    view.position(from * row * dtype.bytes()).limit(to * row * dtype.bytes());
    return wrap(dtype, part, view);
  }

  /** The tensors joined along the outermost dimension; see {@link #concat(int, List)}. */
  public static Tensor concat(List<Tensor> parts) {
    return concat(0, parts);
  }

  /**
   * The tensors joined along an axis: float32 if they are floating, otherwise of their one type.
   *
   * @throws IllegalArgumentException if there are none, or they differ in another dimension or in
   *     an integer type
   */
  public static Tensor concat(int axis, List<Tensor> parts) {
    checkArgument(!parts.isEmpty(), "nothing to concatenate");
    Shape first = parts.get(0).shape;
    DType dtype = parts.get(0).dtype.isFloating() ? DType.FLOAT32 : parts.get(0).dtype;
    long size = 0;
    for (Tensor part : parts) {
      checkArgument(
          part.shape.rank() == first.rank()
              && part.shape.rank() > axis
              && part.shape.withDim(axis, 1).equals(first.withDim(axis, 1)),
          "cannot join shapes %s and %s along dimension %s",
          first,
          part.shape,
          axis);
      checkArgument(
          part.dtype == dtype || (part.dtype.isFloating() && dtype.isFloating()),
          "cannot join %s and %s",
          dtype,
          part.dtype);
      size += part.shape.dim(axis);
    }
    int blocks = 1;
    for (int i = 0; i < axis; i++) {
      blocks *= Math.toIntExact(first.dim(i));
    }
    Shape shape = first.withDim(axis, size);
    return dtype == DType.FLOAT32
        ? of(shape, joinFloats(parts, blocks, Math.toIntExact(shape.elements())))
        : wrap(dtype, shape, joinBytes(parts, blocks, allocate(dtype, shape)));
  }

  private static float[] joinFloats(List<Tensor> parts, int blocks, int elements) {
    float[] out = new float[elements];
    int stride = blocks == 0 ? 0 : elements / blocks;
    int offset = 0;
    for (Tensor part : parts) {
      float[] values = part.floats();
      int length = blocks == 0 ? 0 : values.length / blocks;
      for (int block = 0; block < blocks; block++) {
        System.arraycopy(values, block * length, out, block * stride + offset, length);
      }
      offset += length;
    }
    return out;
  }

  private static ByteBuffer joinBytes(List<Tensor> parts, int blocks, ByteBuffer out) {
    for (int block = 0; block < blocks; block++) {
      for (Tensor part : parts) {
        ByteBuffer view = part.bytes();
        int length = view.remaining() / blocks;
        out.put(view.position(block * length).limit((block + 1) * length));
      }
    }
    return out.flip();
  }

  @Override
  public String toString() {
    return dtype + shape.toString();
  }

  private long integer(ByteBuffer data, int index) {
    return switch (dtype) {
      case INT8 -> data.get(index);
      case UINT8, BOOL -> Byte.toUnsignedLong(data.get(index));
      case INT16 -> data.getShort(2 * index);
      case INT32 -> data.getInt(4 * index);
      case INT64 -> data.getLong(8 * index);
      case FLOAT32, FLOAT16, BFLOAT16, FLOAT64 -> throw new AssertionError(dtype);
    };
  }

  private static void checkCount(Shape shape, int count) {
    checkArgument(
        shape.elements() == count,
        "shape %s needs %s elements, got %s",
        shape,
        shape.elements(),
        count);
  }
}
