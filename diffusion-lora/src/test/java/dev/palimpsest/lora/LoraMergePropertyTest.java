package dev.palimpsest.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

class LoraMergePropertyTest {
  private static final Checkpoint CHECKPOINT = TestModels.checkpoint(7);
  private static final Lora QUERIES =
      Loras.noise(CHECKPOINT, Loras.Kind.PLAIN, 3, path -> path.endsWith("to_q"));
  private static final Lora KEYS =
      Loras.noise(CHECKPOINT, Loras.Kind.DORA, 4, path -> path.endsWith("to_k"));
  private static final Lora ALL = Loras.noise(CHECKPOINT, Loras.Kind.PLAIN, 5, path -> true);
  private static final LoraMerge MERGE = new LoraMerge();

  @AfterContainer
  static void close() {
    MERGE.close();
  }

  @Property(tries = 20)
  void disjointLorasCommuteToTheBit(
      @ForAll @DoubleRange(min = -2, max = 2) double one,
      @ForAll @DoubleRange(min = -2, max = 2) double two) {
    assertEquals(
        CHECKPOINT.with(QUERIES.at(one)).with(KEYS.at(two)).hash(),
        CHECKPOINT.with(KEYS.at(two)).with(QUERIES.at(one)).hash());
  }

  @Property(tries = 20)
  void othersCommuteWithinRounding(
      @ForAll @DoubleRange(min = -2, max = 2) double one,
      @ForAll @DoubleRange(min = -2, max = 2) double two) {
    Weights a = CHECKPOINT.with(QUERIES.at(one)).with(ALL.at(two)).weights("unet");
    Weights b = CHECKPOINT.with(ALL.at(two)).with(QUERIES.at(one)).weights("unet");
    for (String name : a.names()) {
      assertArrayEquals(a.get(name).floats(), b.get(name).floats(), 1e-5f, name);
    }
  }

  @Property
  void aMergedMatrixIsTheFormula(
      @ForAll @IntRange(min = 1, max = 9) int rank,
      @ForAll @IntRange(min = 1, max = 19) int out,
      @ForAll @IntRange(min = 1, max = 17) int in,
      @ForAll @DoubleRange(min = -2, max = 2) double strength) {
    Tensor weight = matrix(out, in, 3);
    var module = LoraModule.of(matrix(rank, in, 5), matrix(out, rank, 7), 1.5);
    float[] merged = MERGE.merged(weight, module, strength).floats();
    float[] w = weight.floats();
    float[] a = module.down().floats();
    float[] b = module.up().floats();
    for (int row = 0; row < out; row++) {
      for (int column = 0; column < in; column++) {
        double product = 0;
        for (int k = 0; k < rank; k++) {
          product += (double) b[row * rank + k] * a[k * in + column];
        }
        int at = row * in + column;
        assertEquals(w[at] + strength * 1.5 / rank * product, merged[at], 1e-5);
      }
    }
  }

  @Example
  void aWeightKeepsItsType() {
    var module = LoraModule.of(matrix(2, 8, 5), matrix(8, 2, 7), 1);
    for (DType dtype : new DType[] {DType.FLOAT16, DType.BFLOAT16, DType.FLOAT32}) {
      assertEquals(dtype, MERGE.merged(matrix(8, 8, 3).as(dtype), module, 1).dtype());
    }
  }

  @Example
  void kernelsAndMatricesOfOneByOneAreTheSame() {
    var flat = LoraModule.of(matrix(2, 8, 5), matrix(8, 2, 7), 1);
    LoraModule kernel = flat.fitting(Shape.of(8, 8, 1, 1));
    assertEquals(Shape.of(2, 8, 1, 1), kernel.down().shape());
    assertEquals(flat.weightShape(), kernel.fitting(Shape.of(8, 8)).weightShape());
  }

  private static Tensor matrix(int rows, int columns, int salt) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(salt * (i + 1));
    }
    return Tensor.of(Shape.of(rows, columns), values);
  }
}
