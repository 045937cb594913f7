package dev.palimpsest.lora;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The arithmetic of merging, row by row of a weight: W + s·BA, and with a magnitude m the result's
 * rows at lengths m. Rows are computed side by side and each in one order, so the result does not
 * depend on the number of cores. Source: peft LoraLayer.get_delta_weight, DoraLinearLayer.
 */
final class LoraMerge {
  private static final int ROWS_AT_ONCE = 8;

  private final float[] down; // (rank, in)
  private final float[] up; // (out, rank)
  private final float @Nullable [] magnitude;
  private final int rank;
  private final int width;
  private final float scale;

  private LoraMerge(LoraModule module, double strength) {
    this.down = module.down().floats();
    this.up = module.up().floats();
    this.magnitude = module.magnitude().map(Tensor::floats).orElse(null);
    this.rank = module.rank();
    this.width = down.length / rank;
    this.scale = (float) (strength * module.scaling());
  }

  /** The weight with the module in it, in the weight's type and shape. */
  static Tensor merged(Tensor weight, LoraModule module, double strength) {
    return new LoraMerge(module, strength).merge(weight);
  }

  private Tensor merge(Tensor weight) {
    FloatBuffer from = floats(weight);
    ByteBuffer bytes = Tensor.allocate(DType.FLOAT32, weight.shape());
    FloatBuffer to = bytes.asFloatBuffer();
    int rows = up.length / rank;
    IntStream.range(0, (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE)
        .parallel()
        .forEach(block -> rows(from, to, block * ROWS_AT_ONCE, rows));
    return Tensor.wrap(DType.FLOAT32, weight.shape(), bytes).as(weight.dtype());
  }

  private static FloatBuffer floats(Tensor weight) {
    return weight.dtype() == DType.FLOAT32
        ? weight.bytes().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
        : FloatBuffer.wrap(weight.floats());
  }

  private void rows(FloatBuffer from, FloatBuffer to, int first, int rows) {
    float[] weight = new float[width];
    float[] product = new float[width];
    for (int row = first; row < Math.min(rows, first + ROWS_AT_ONCE); row++) {
      from.get(row * width, weight);
      product(row, product);
      for (int i = 0; i < width; i++) {
        weight[i] += scale * product[i];
      }
      if (magnitude != null) {
        stretch(weight, magnitude[row]);
      }
      to.put(row * width, weight);
    }
  }

  /** A row of BA, four of A's rows at a time. */
  private void product(int row, float[] sum) {
    Arrays.fill(sum, 0);
    int k = 0;
    for (; k + 4 <= rank; k += 4) {
      add4(sum, row * rank + k, k * width);
    }
    for (; k < rank; k++) {
      float b = up[row * rank + k];
      int at = k * width;
      for (int i = 0; i < width; i++) {
        sum[i] += b * down[at + i];
      }
    }
  }

  private void add4(float[] sum, int at, int row) {
    float b0 = up[at];
    float b1 = up[at + 1];
    float b2 = up[at + 2];
    float b3 = up[at + 3];
    int row1 = row + width;
    int row2 = row1 + width;
    int row3 = row2 + width;
    for (int i = 0; i < width; i++) {
      sum[i] +=
          b0 * down[row + i] + b1 * down[row1 + i] + b2 * down[row2 + i] + b3 * down[row3 + i];
    }
  }

  private static void stretch(float[] row, float length) {
    double square = 0;
    for (float value : row) {
      square += (double) value * value;
    }
    float factor = (float) (length / Math.sqrt(square));
    for (int i = 0; i < row.length; i++) {
      row[i] *= factor;
    }
  }
}
