package dev.palimpsest.scheduler;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * A solver step at latents of 1×4×128×128, without network and random numbers, against a loop that
 * reads and writes as many arrays; see docs/schedulers.md. Steps and loops alternate, so that a busy
 * machine slows both. {@link #main} prints the ratios.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class SchedulerStepBenchmark {
  private static final int STEPS = 24;
  private static final Shape SHAPE = Shape.of(1, 4, 128, 128);

  @Param("ddim")
  public String scheduler = "ddim";

  private final Tensor latents = NoiseSource.torch(1).gaussian(SHAPE);
  private final Tensor prediction = NoiseSource.torch(2).gaussian(SHAPE);
  private final Tensor noise = NoiseSource.torch(3).gaussian(SHAPE);
  private TouchedArrays loop = TouchedArrays.of("ddim");

  /** Medians of nanoseconds and bytes, of as many steps as loops: others' work makes outliers. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Medians {
    private final List<Long> steps = new ArrayList<>();
    private final List<Long> loops = new ArrayList<>();
    private final List<Long> bytes = new ArrayList<>();

    @Setup(Level.Iteration)
    public void clear() {
      steps.clear();
      loops.clear();
      bytes.clear();
    }

    public long stepTime() {
      return median(steps);
    }

    public long loopTime() {
      return median(loops);
    }

    public long stepBytes() {
      return median(bytes);
    }

    private static long median(List<Long> values) {
      return values.stream().sorted().skip(values.size() / 2).findFirst().orElse(0L);
    }
  }

  @Setup
  public void prepare() {
    loop = TouchedArrays.of(scheduler);
  }

  @Benchmark
  public void run(Medians medians, Blackhole hole) {
    Scheduler solver = Schedulers.byName(scheduler);
    SchedulerRun run = solver.begin(plan());
    Tensor x = latents;
    float[][] arrays = loop.inputs(latents.floats(), prediction.floats(), noise.floats());
    for (int i = 0; i < run.steps(); i++) {
      long bytes = allocated();
      long start = System.nanoTime();
      Step step = run.step(i, x, (in, t) -> prediction, shape -> noise);
      medians.steps.add(System.nanoTime() - start);
      medians.bytes.add(allocated() - bytes);
      long again = System.nanoTime();
      hole.consume(loop.run(arrays));
      medians.loops.add(System.nanoTime() - again);
      x = step.x();
    }
    hole.consume(x);
  }

  private SchedulePlan plan() {
    PredictionType type =
        switch (scheduler) {
          case "ipndm" -> PredictionType.V_PREDICTION;
          case "flow_match_euler" -> PredictionType.FLOW_PREDICTION;
          default -> PredictionType.EPSILON;
        };
    NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
    return SchedulePlan.steps(schedule, type, STEPS).clipping(Clipping.NONE);
  }

  private static long allocated() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  /** Prints a table, a row a solver. An argument is a regular expression of their names. */
  public static void main(String[] args) throws RunnerException {
    var rows = new TreeMap<String, String>();
    for (RunResult result :
        new Runner(
                new OptionsBuilder()
                    .include(SchedulerStepBenchmark.class.getName())
                    .param("scheduler", names(args))
                    .jvmArgsAppend("-Xmx2g")
                    .build())
            .run()) {
      double step = total(result, "stepTime");
      double loop = total(result, "loopTime");
      double iterations = result.getParams().getMeasurement().getCount();
      String name = result.getParams().getParam("scheduler");
      rows.put(
          name,
          String.format(
              Locale.ROOT,
              "| %s | %s | %.0f µs | %.0f µs | %.2f | %.0f KiB |",
              name,
              TouchedArrays.of(name),
              loop / iterations / 1000,
              step / iterations / 1000,
              step / loop,
              total(result, "stepBytes") / iterations / 1024));
    }
    System.out.println("| solver | arrays | loop | step | ratio | allocated |");
    System.out.println("|---|---|---|---|---|---|");
    rows.values().forEach(System.out::println);
  }

  private static String[] names(String[] args) {
    return Schedulers.names().stream()
        .filter(name -> args.length == 0 || name.matches(args[0]))
        .toArray(String[]::new);
  }

  private static double total(RunResult result, String counter) {
    Result<?> total = result.getSecondaryResults().get(counter);
    return total.getScore();
  }
}
