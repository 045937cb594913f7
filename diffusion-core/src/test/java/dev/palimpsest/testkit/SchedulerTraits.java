package dev.palimpsest.testkit;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulePlan;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What {@link SchedulerProperties} must know of a scheduler to test it: start with {@link #ode},
 * {@link #sde} or {@link #consistency} and add what differs.
 *
 * <pre>{@code
 * SchedulerTraits.ode(2).multistep()
 * }</pre>
 *
 * <p>Immutable: each method gives other traits.
 */
public final class SchedulerTraits {
  // Written only before an object is handed out.
  private boolean stochastic;
  private boolean consistency;
  private boolean toNoise;
  private boolean multistep;
  private boolean countsOnly;
  private @Nullable OrderBand order;
  private int minSteps = 1;
  private double bias = 0.03;
  private List<PredictionType> predictions =
      List.of(PredictionType.EPSILON, PredictionType.V_PREDICTION, PredictionType.SAMPLE);
  private UnaryOperator<SchedulePlan> adaptation = plan -> plan;
  private Function<NoiseSchedule, InputLevels> levels = InputLevels::of;

  private SchedulerTraits() {}

  /**
   * A deterministic solver of the probability flow. Its measured order must be at most 0.3 below
   * and 0.5 above the stated one, or as {@link #measuredOrder} says.
   */
  public static SchedulerTraits ode(double order) {
    return new SchedulerTraits()
        .with(traits -> traits.order = new OrderBand(order, order - 0.3, order + 0.5));
  }

  /** A stochastic solver: its samples must have the mean and the variance of the data. */
  public static SchedulerTraits sde() {
    return new SchedulerTraits().with(traits -> traits.stochastic = true);
  }

  /**
   * A stochastic solver for consistency models, networks that jump to the end of the probability
   * flow rather than predict a mean.
   */
  public static SchedulerTraits consistency() {
    return sde().with(traits -> traits.consistency = true);
  }

  /** From a clean sample to its noise. The level that the network is asked at is not tested. */
  public SchedulerTraits dataToNoise() {
    return with(traits -> traits.toNoise = true);
  }

  /** Steps depend on those before: a run cannot be taken up in the middle. */
  public SchedulerTraits multistep() {
    return with(traits -> traits.multistep = true);
  }

  /** The band of the measured order, both ends included. */
  public SchedulerTraits measuredOrder(double from, double to) {
    checkArgument(order != null, "only a solver with an order has a band");
    double stated = order.stated();
    return with(traits -> traits.order = new OrderBand(stated, from, to));
  }

  /**
   * What chance does not explain: how far the mean, in standard deviations, and the variance, as a
   * share, of the samples of a stochastic solver may be off with 97 steps; 0.03 by default.
   */
  public SchedulerTraits bias(double share) {
    return with(traits -> traits.bias = share);
  }

  /**
   * The prediction types that the solver works with; epsilon, v and sample by default. The first is
   * that with which order and samples are measured.
   */
  public SchedulerTraits predictions(PredictionType... types) {
    checkArgument(types.length > 0, "no prediction type");
    return with(traits -> traits.predictions = List.of(types));
  }

  /** The fewest steps of a run; 1 by default. */
  public SchedulerTraits minSteps(int steps) {
    checkArgument(1 <= steps && steps <= 10, "the fewest steps must be in 1..10, were %s", steps);
    return with(traits -> traits.minSteps = steps);
  }

  /** The solver takes a number of steps, no explicit timesteps. */
  public SchedulerTraits countsOnly() {
    return with(traits -> traits.countsOnly = true);
  }

  /** What is done to every plan before a run begins with it, such as setting a start step. */
  public SchedulerTraits adapting(UnaryOperator<SchedulePlan> change) {
    return with(traits -> traits.adaptation = change);
  }

  /** The levels of the network's input, where the plan's noise schedule does not tell. */
  public SchedulerTraits inputLevels(Function<NoiseSchedule, InputLevels> of) {
    return with(traits -> traits.levels = of);
  }

  public boolean isStochastic() {
    return stochastic;
  }

  boolean isConsistency() {
    return consistency;
  }

  boolean isToNoise() {
    return toNoise;
  }

  boolean isMultistep() {
    return multistep;
  }

  boolean isCountsOnly() {
    return countsOnly;
  }

  /** The stated order and its band; null for solvers without. */
  public @Nullable OrderBand order() {
    return order;
  }

  int minSteps() {
    return minSteps;
  }

  double bias() {
    return bias;
  }

  List<PredictionType> predictions() {
    return predictions;
  }

  SchedulePlan adapted(SchedulePlan plan) {
    return adaptation.apply(plan);
  }

  InputLevels levels(NoiseSchedule schedule) {
    return levels.apply(schedule);
  }

  private SchedulerTraits with(Consumer<SchedulerTraits> change) {
    var copy = new SchedulerTraits();
    copy.stochastic = stochastic;
    copy.consistency = consistency;
    copy.toNoise = toNoise;
    copy.multistep = multistep;
    copy.countsOnly = countsOnly;
    copy.order = order;
    copy.minSteps = minSteps;
    copy.bias = bias;
    copy.predictions = predictions;
    copy.adaptation = adaptation;
    copy.levels = levels;
    change.accept(copy);
    return copy;
  }

  /**
   * An order of convergence: the error falls as steps to the power of -order.
   *
   * @param stated that of the algorithm
   * @param from the least that may be measured
   * @param to the most that may be measured
   */
  public record OrderBand(double stated, double from, double to) {
    public OrderBand {
      checkArgument(from <= to, "the band of an order must rise, was %s..%s", from, to);
    }

    boolean holds(double measured) {
      return from <= measured && measured <= to;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.2f..%.2f (stated %s)", from, to, stated);
    }
  }
}
