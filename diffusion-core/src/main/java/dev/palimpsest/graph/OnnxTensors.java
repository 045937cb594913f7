package dev.palimpsest.graph;

import com.google.protobuf.ByteString;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.onnx.TensorProto;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the tensors of an ONNX model. */
final class OnnxTensors {
  private final String source;
  private final @Nullable ExternalData external;

  /**
   * @param external where weights outside the model lie; null if the model came without a folder
   */
  OnnxTensors(String source, @Nullable ExternalData external) {
    this.source = source;
    this.external = external;
  }

  /**
   * The tensor.
   *
   * @throws CheckpointException if its data and its shape do not agree
   * @throws UnsupportedModelException if its element type is not supported
   */
  Tensor read(TensorProto tensor) throws IOException {
    DType dtype = dtype(tensor);
    Shape shape = shape(tensor);
    if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
      if (external == null) {
        throw new CheckpointException(
            source + ": tensor " + tensor.getName() + " lies in another file, but has no folder");
      }
      return Tensor.wrap(dtype, shape, external.bytes(tensor, bytes(tensor, dtype, shape)));
    }
    return tensor.hasRawData() ? raw(tensor, dtype, shape) : typed(tensor, dtype, shape);
  }

  static boolean isExternal(TensorProto tensor) {
    return tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
  }

  private DType dtype(TensorProto tensor) {
    try {
      return OnnxTypes.dtype(tensor.getDataType());
    } catch (IllegalArgumentException e) {
      throw new UnsupportedModelException(
          source + ": tensor " + tensor.getName() + ": " + e.getMessage(), e);
    }
  }

  private Shape shape(TensorProto tensor) throws CheckpointException {
    try {
      return Shape.of(tensor.getDimsList().stream().mapToLong(Long::longValue).toArray());
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          source + ": tensor " + tensor.getName() + ": " + e.getMessage(), e);
    }
  }

  private long bytes(TensorProto tensor, DType dtype, Shape shape) throws CheckpointException {
    try {
      return Math.multiplyExact(shape.elements(), dtype.bytes());
    } catch (ArithmeticException e) {
      throw new CheckpointException(
          source + ": tensor " + tensor.getName() + " of shape " + shape + " is too large", e);
    }
  }

  private Tensor raw(TensorProto tensor, DType dtype, Shape shape) throws CheckpointException {
    ByteString data = tensor.getRawData();
    checkCount(tensor, "bytes", data.size(), bytes(tensor, dtype, shape));
    return Tensor.wrap(dtype, shape, data.asReadOnlyByteBuffer());
  }

  /** Elements in the list that the format has for their type. */
  private Tensor typed(TensorProto tensor, DType dtype, Shape shape) throws CheckpointException {
    List<? extends Number> elements =
        switch (dtype) {
          case FLOAT32 -> tensor.getFloatDataList();
          case FLOAT64 -> tensor.getDoubleDataList();
          case INT64 -> tensor.getInt64DataList();
          case INT8, UINT8, INT16, INT32, BOOL, FLOAT16, BFLOAT16 -> tensor.getInt32DataList();
        };
    checkCount(tensor, "elements", elements.size(), shape.elements());
    ByteBuffer data = Tensor.allocate(dtype, shape);
    for (Number element : elements) {
      switch (dtype) {
        case FLOAT32 -> data.putFloat(element.floatValue());
        case FLOAT64 -> data.putDouble(element.doubleValue());
        case INT64 -> data.putLong(element.longValue());
        case INT32 -> data.putInt(element.intValue());
        case INT16, FLOAT16, BFLOAT16 -> data.putShort(element.shortValue());
        case INT8, UINT8, BOOL -> data.put(element.byteValue());
      }
    }
    return Tensor.wrap(dtype, shape, data.flip());
  }

  private void checkCount(TensorProto tensor, String what, long found, long expected)
      throws CheckpointException {
    if (found != expected) {
      throw new CheckpointException(
          String.format(
              "%s: tensor %s of shape %s needs %s %s, has %s",
              source, tensor.getName(), tensor.getDimsList(), expected, what, found));
    }
  }
}
