package dev.palimpsest.testkit;

import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How fast the error of a deterministic solver falls as its steps get more, against the closed-form
 * solution for {@link GaussianData}.
 *
 * <p>The steps double from 12 to 192. The grid is even in log(sigma / alpha), for solvers that take
 * a schedule: {@link MeasuringPlans}. A run starts at an exact state and is compared at the start
 * of its last step, since the step to the clean sample has the same length in every run. The error
 * is the root mean square of the deviation in standard deviations of the state. The order is the
 * slope of log(error) over log(steps), least squares over the last three errors that float32 can
 * show, {@link #FLOOR}.
 *
 * @param rungs from few to many steps
 * @param order the slope; NaN where fewer than two errors are above the floor
 */
public record MeasuredOrder(List<Rung> rungs, double order) {
  /** The least error that is not rounding. */
  static final double FLOOR = 4e-6;

  /** Several, since at some step the error of one may pass through zero. */
  private static final List<GaussianData> DATA =
      List.of(
          new GaussianData(0.3, 0.3),
          new GaussianData(-0.2, 0.5),
          new GaussianData(0, 0.8),
          new GaussianData(0.5, 1.2));

  private static final Shape SHAPE = Shape.of(1, 4, 4, 4);

  /**
   * @param intervals between the first and the last network evaluation of one-evaluation solvers
   * @param error the root mean square deviation in standard deviations of the state
   */
  public record Rung(int intervals, double error) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.2e at %d", error, intervals);
    }
  }

  public static MeasuredOrder of(Scheduler scheduler, SchedulerTraits traits) {
    var rungs = new ArrayList<Rung>();
    for (int intervals : MeasuringPlans.INTERVALS) {
      rungs.add(new Rung(intervals, error(scheduler, traits, intervals)));
    }
    return new MeasuredOrder(List.copyOf(rungs), slope(rungs));
  }

  private static double error(Scheduler scheduler, SchedulerTraits traits, int intervals) {
    double sum = 0;
    for (GaussianData data : DATA) {
      sum += meanSquare(scheduler, traits, MeasuringPlans.of(traits, intervals), data);
    }
    return Math.sqrt(sum / DATA.size());
  }

  private static double meanSquare(
      Scheduler scheduler, SchedulerTraits traits, SchedulePlan plan, GaussianData data) {
    SchedulerRun run = scheduler.begin(plan);
    int last = run.steps() - 1;
    Tensor start = MeasuringPlans.start(data, run, SHAPE);
    Tensor x = start;
    var network = data.network(plan.predictionType(), traits.levels(plan.noiseSchedule()));
    for (int i = 0; i < last; i++) {
      x = run.step(i, x, network, NoiseSource.torch(i)).x();
    }
    Level from = Level.of(run, 0);
    Level to = Level.of(run, last);
    double sum = 0;
    for (int j = 0; j < x.elements(); j++) {
      double error = x.floats()[j] - data.flow(from, to, start.floats()[j]);
      sum += error * error;
    }
    return sum / x.elements() / data.variance(to);
  }

  private static double slope(List<Rung> rungs) {
    List<Rung> shown = rungs.stream().filter(rung -> rung.error() > FLOOR).toList();
    shown = shown.subList(Math.max(0, shown.size() - 3), shown.size());
    if (shown.size() < 2) {
      return Double.NaN;
    }
    double meanX = shown.stream().mapToDouble(MeasuredOrder::x).average().orElseThrow();
    double meanY = shown.stream().mapToDouble(MeasuredOrder::y).average().orElseThrow();
    double both = shown.stream().mapToDouble(r -> (x(r) - meanX) * (y(r) - meanY)).sum();
    double square = shown.stream().mapToDouble(r -> (x(r) - meanX) * (x(r) - meanX)).sum();
    return -both / square;
  }

  private static double x(Rung rung) {
    return Math.log(rung.intervals());
  }

  private static double y(Rung rung) {
    return Math.log(rung.error());
  }
}
