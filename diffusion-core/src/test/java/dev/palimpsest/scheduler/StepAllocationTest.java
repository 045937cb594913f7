package dev.palimpsest.scheduler;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A step allocates a few arrays of the state's size, and no more the later it comes. */
class StepAllocationTest {
  private static final Shape SHAPE = Shape.of(1, 4, 64, 64);
  private static final int STEPS = 40;
  private static final long ARRAY = 4 * SHAPE.elements();
  private static final Tensor PREDICTION = NoiseSource.torch(2).gaussian(SHAPE);
  private static final Tensor NOISE = NoiseSource.torch(3).gaussian(SHAPE);

  static Stream<String> names() {
    return Solver.ALL.stream().map(SchedulerProvider::name);
  }

  @ParameterizedTest
  @MethodSource("names")
  void laterStepsDoNotAllocateMore(String name) {
    long[] bytes = new long[STEPS];
    Arrays.fill(bytes, Long.MAX_VALUE);
    for (int round = 0; round < 4; round++) { // the first ones load classes
      long[] now = allocated(Schedulers.byName(name).begin(plan(name)));
      Arrays.setAll(bytes, i -> Math.min(bytes[i], now[i]));
    }
    long early = Arrays.stream(bytes, 0, STEPS / 2).max().orElseThrow();
    long late = Arrays.stream(bytes, STEPS / 2, STEPS).max().orElseThrow();
    assertTrue(late <= early + 1024, () -> name + ": " + Arrays.toString(bytes));
    assertTrue(early < 10 * ARRAY, () -> name + ": " + Arrays.toString(bytes));
  }

  private static long[] allocated(SchedulerRun run) {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] bytes = new long[STEPS];
    Tensor x = NOISE;
    for (int i = 0; i < run.steps(); i++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      x = run.step(i, x, (in, t) -> PREDICTION, shape -> NOISE).x();
      bytes[i] = threads.getCurrentThreadAllocatedBytes() - before;
    }
    return bytes;
  }

  private static SchedulePlan plan(String name) {
    PredictionType type =
        switch (name) {
          case "ipndm" -> PredictionType.V_PREDICTION;
          case "flow_match_euler" -> PredictionType.FLOW_PREDICTION;
          default -> PredictionType.EPSILON;
        };
    NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
    return SchedulePlan.steps(schedule, type, STEPS).clipping(Clipping.NONE);
  }
}
