package dev.palimpsest.graph;

import com.google.common.collect.ImmutableBiMap;
import dev.palimpsest.tensor.DType;

/** ONNX's numbers for element types (TensorProto.DataType). */
final class OnnxTypes {
  private static final ImmutableBiMap<DType, Integer> NUMBERS =
      ImmutableBiMap.<DType, Integer>builder()
          .put(DType.FLOAT32, 1)
          .put(DType.UINT8, 2)
          .put(DType.INT8, 3)
          .put(DType.INT16, 5)
          .put(DType.INT32, 6)
          .put(DType.INT64, 7)
          .put(DType.BOOL, 9)
          .put(DType.FLOAT16, 10)
          .put(DType.FLOAT64, 11)
          .put(DType.BFLOAT16, 16)
          .build();

  private OnnxTypes() {}

  static int number(DType dtype) {
    Integer number = NUMBERS.get(dtype);
    if (number == null) {
      throw new IllegalArgumentException(dtype + " has no ONNX element type");
    }
    return number;
  }

  static DType dtype(int number) {
    DType dtype = NUMBERS.inverse().get(number);
    if (dtype == null) {
      throw new IllegalArgumentException(
          "ONNX element type " + number + " is not supported; supported are " + NUMBERS);
    }
    return dtype;
  }
}
