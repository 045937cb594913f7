package dev.palimpsest.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.TensorInfo;
import com.google.common.collect.ImmutableBiMap;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.ByteBuffer;

/** Host tensors as native ones and back. */
final class OrtTensors {
  private static final ImmutableBiMap<DType, OnnxJavaType> TYPES =
      ImmutableBiMap.<DType, OnnxJavaType>builder()
          .put(DType.FLOAT32, OnnxJavaType.FLOAT)
          .put(DType.FLOAT64, OnnxJavaType.DOUBLE)
          .put(DType.FLOAT16, OnnxJavaType.FLOAT16)
          .put(DType.BFLOAT16, OnnxJavaType.BFLOAT16)
          .put(DType.INT8, OnnxJavaType.INT8)
          .put(DType.UINT8, OnnxJavaType.UINT8)
          .put(DType.INT16, OnnxJavaType.INT16)
          .put(DType.INT32, OnnxJavaType.INT32)
          .put(DType.INT64, OnnxJavaType.INT64)
          .put(DType.BOOL, OnnxJavaType.BOOL)
          .build();

  private OrtTensors() {}

  /**
   * A native tensor over {@code tensor}'s memory where that is direct and aligned, else over a
   * direct copy. The memory stays alive as long as the Java object.
   */
  static OnnxTensor toNative(OrtEnvironment environment, Tensor tensor) throws OrtException {
    long[] shape = tensor.shape().toArray();
    ByteBuffer data = direct(tensor);
    // Typed views, because the size limit for a byte buffer counts every byte as an element.
    return switch (tensor.dtype()) {
      case FLOAT32 -> OnnxTensor.createTensor(environment, data.asFloatBuffer(), shape);
      case FLOAT64 -> OnnxTensor.createTensor(environment, data.asDoubleBuffer(), shape);
      case INT32 -> OnnxTensor.createTensor(environment, data.asIntBuffer(), shape);
      case INT64 -> OnnxTensor.createTensor(environment, data.asLongBuffer(), shape);
      case FLOAT16, BFLOAT16, INT16 ->
          OnnxTensor.createTensor(
              environment, data.asShortBuffer(), shape, TYPES.get(tensor.dtype()));
      case INT8, UINT8, BOOL ->
          OnnxTensor.createTensor(environment, data, shape, TYPES.get(tensor.dtype()));
    };
  }

  private static ByteBuffer direct(Tensor tensor) {
    ByteBuffer data = tensor.bytes();
    // Slices of mapped files start anywhere.
    if (isInPlace(tensor, data)) {
      return data;
    }
    return Tensor.allocate(tensor.dtype(), tensor.shape()).put(data).flip();
  }

  /** Whether a native tensor of it reads its own memory, not a copy. */
  static boolean isInPlace(Tensor tensor) {
    return tensor.isDirect() && isInPlace(tensor, tensor.bytes());
  }

  private static boolean isInPlace(Tensor tensor, ByteBuffer data) {
    return data.isDirect() && data.alignmentOffset(0, tensor.dtype().bytes()) == 0;
  }

  /** A copy on the host; float32 is backed by an array. */
  static Tensor toHost(OnnxTensor tensor) {
    TensorInfo info = tensor.getInfo();
    DType dtype = dtype(info.type);
    Shape shape = Shape.of(info.getShape());
    if (shape.elements() == 0) {
      return Tensor.wrap(dtype, shape, Tensor.allocate(dtype, shape));
    }
    if (dtype == DType.FLOAT32) {
      return Tensor.of(shape, tensor.getFloatBuffer().array());
    }
    return Tensor.wrap(dtype, shape, tensor.getByteBuffer());
  }

  static DType dtype(OnnxJavaType type) {
    DType dtype = TYPES.inverse().get(type);
    if (dtype == null) {
      throw new UnsupportedModelException(
          "tensors of " + type + " are not supported; supported are " + TYPES.keySet());
    }
    return dtype;
  }
}
