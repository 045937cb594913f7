package dev.palimpsest.tensor;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Widening a million stored 16-bit weights to float32. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class HalfPrecisionBenchmark {
  private static final Shape SHAPE = Shape.of(1 << 20);

  @Param({"FLOAT16", "BFLOAT16"})
  public DType dtype = DType.FLOAT16;

  @Benchmark
  public float[] widen() {
    return weights().floats();
  }

  private Tensor weights() {
    return dtype == DType.FLOAT16 ? Weights.FLOAT16 : Weights.BFLOAT16;
  }

  private static final class Weights {
    static final Tensor FLOAT16 = stored(DType.FLOAT16);
    static final Tensor BFLOAT16 = stored(DType.BFLOAT16);

    private static Tensor stored(DType dtype) {
      ByteBuffer bytes = Tensor.allocate(dtype, SHAPE);
      for (int i = 0; i < bytes.capacity(); i += 2) {
        bytes.putShort(i, (short) (0x3000 + (i & 0xfff)));
      }
      return Tensor.wrap(dtype, SHAPE, bytes);
    }
  }
}
