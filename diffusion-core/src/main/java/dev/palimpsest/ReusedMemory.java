package dev.palimpsest;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * Direct memory for one float32 tensor after another, each in the place of the one before: large
 * tiles would else lie about as garbage. One thread.
 */
final class ReusedMemory {
  private ByteBuffer buffer = ByteBuffer.allocateDirect(0);

  /** Bytes for a tensor of such a shape, native order; what was here is gone. */
  ByteBuffer of(Shape shape) {
    int bytes = Math.toIntExact(shape.elements() * Float.BYTES);
    if (buffer.capacity() < bytes) {
      buffer = Tensor.allocate(DType.FLOAT32, shape);
    }
    return buffer.clear().limit(bytes);
  }
}
