package dev.palimpsest.testkit;

import static dev.palimpsest.testkit.Checks.assertClose;
import static dev.palimpsest.testkit.Checks.assertMultiple;
import static dev.palimpsest.testkit.Checks.assertSame;
import static dev.palimpsest.testkit.Checks.check;
import static dev.palimpsest.testkit.Checks.round;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.scheduler.Clipping;
import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.testkit.Trajectory.Call;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/**
 * What holds for every {@link Scheduler}: an author extends this with the scheduler and its traits
 * and runs it as a test class (with jqwik, on the JUnit platform).
 *
 * <pre>{@code
 * class MySchedulerTest extends SchedulerProperties {
 *   @Override
 *   protected Scheduler scheduler() {
 *     return new MyScheduler();
 *   }
 *
 *   @Override
 *   protected SchedulerTraits traits() {
 *     return SchedulerTraits.ode(2).multistep();
 *   }
 * }
 * }</pre>
 *
 * <p>Nothing but the interfaces is used: {@link SchedulerRun} may be implemented from scratch. The
 * noise level of a step is taken from {@link SchedulerRun#addNoise(Tensor, Tensor, int)}. Plans
 * have clipping switched off and no zero-terminal-SNR schedule.
 */
public abstract class SchedulerProperties {
  private static final int TRIES = 20;

  /** What two timesteps may differ by that mean the same level. */
  private static final double TIMESTEP = 1e-3;

  /** The scheduler under test, a new object or always the same. */
  protected abstract Scheduler scheduler();

  /** What the scheduler claims to be. */
  protected abstract SchedulerTraits traits();

  @Provide
  final Arbitrary<SchedulePlan> plans() {
    return plans(traits().predictions());
  }

  @Provide
  final Arbitrary<SchedulePlan> straightPlans() {
    var types = new ArrayList<>(traits().predictions());
    types.remove(PredictionType.V_PREDICTION);
    return plans(types.isEmpty() ? traits().predictions() : types);
  }

  private Arbitrary<SchedulePlan> plans(List<PredictionType> types) {
    SchedulerTraits traits = traits();
    return Combinators.combine(
            DiffusionArbitraries.noiseSchedules(),
            Arbitraries.of(types),
            Arbitraries.integers().between(Math.max(3, traits.minSteps()), 20))
        .as(SchedulePlan::steps)
        .map(plan -> traits.adapted(plan.clipping(Clipping.NONE)));
  }

  @Provide
  final Arbitrary<Tensor> latents() {
    return DiffusionArbitraries.latents();
  }

  /** The network is called as often and at the timesteps that the run says, in the direction. */
  @Property(tries = TRIES)
  public final void networkIsCalledAsTheRunSays(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    SchedulerRun run = scheduler().begin(plan);
    Trajectory made = run(run, plan, latent, 1);
    List<Double> called = made.allCalls().stream().map(Call::timestep).toList();
    assertEquals(run.evaluations(), called.size(), "network calls of a run, against evaluations()");
    for (int i = 0; i < run.steps(); i++) {
      check(!made.calls().get(i).isEmpty(), "step %s does not call the network", i);
      assertEquals(
          run.timestep(i),
          made.calls().get(i).get(0).timestep(),
          "timestep of the first call of step " + i + ", against timestep(" + i + ")");
    }
    List<Double> grid = boxed(run.timesteps());
    assertEquals(
        grid.subList(Math.max(0, grid.size() - called.size()), grid.size()),
        called,
        "timesteps of the calls, against the end of timesteps()");
    // Within a step an ancestral solver may pass the next step's level, to which it adds noise.
    if (traits().isStochastic()) {
      checkDirection(made.calls().stream().map(calls -> calls.get(0).timestep()).toList());
      made.calls().forEach(calls -> checkDirection(calls.stream().map(Call::timestep).toList()));
    } else {
      checkDirection(called);
    }
  }

  private void checkDirection(List<Double> timesteps) {
    for (int k = 1; k < timesteps.size(); k++) {
      double change = timesteps.get(k) - timesteps.get(k - 1);
      check(
          traits().isToNoise() ? change >= -TIMESTEP : change <= TIMESTEP,
          "timesteps must %s, but %s follows %s at call %s",
          traits().isToNoise() ? "rise" : "fall",
          timesteps.get(k),
          timesteps.get(k - 1),
          k);
    }
  }

  /** The first call of a step is made at the level that the step's state has. */
  @Property(tries = TRIES)
  public final void networkIsAskedAtTheLevelOfTheState(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    if (traits().isToNoise()) {
      return;
    }
    SchedulerRun run = scheduler().begin(plan);
    Trajectory made = run(run, plan, latent, 1);
    InputLevels levels = traits().levels(plan.noiseSchedule());
    // Solvers may round timesteps, unless those go from 1 to 0.
    double rounding = run.timesteps()[0] > 1 ? 1 : 0;
    for (int i = 0; i < run.steps(); i++) {
      Call call = made.calls().get(i).get(0);
      double t = call.timestep();
      double ratio = Level.of(run, i).ratio();
      check(
          ratio >= 0.999 * levels.at(t - rounding).ratio()
              && ratio <= 1.001 * levels.at(t + rounding).ratio(),
          "step %s calls the network at timestep %s, where sigma / alpha is %s, but its state is"
              + " at %s",
          i,
          t,
          levels.at(t).ratio(),
          ratio);
      assertMultiple(made.states().get(i), call.scaledX(), i);
    }
  }

  /** Runs of one scheduler share nothing: interleaved they give what each gives alone. */
  @Property(tries = TRIES)
  public final void runsDoNotDisturbEachOther(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    Scheduler scheduler = scheduler();
    Trajectory alone = run(scheduler.begin(plan), plan, latent, 1);
    Trajectory otherAlone = run(scheduler.begin(plan), plan, opposite(latent), 2);
    SchedulerRun first = scheduler.begin(plan);
    SchedulerRun second = scheduler.begin(plan);
    NoiseSource firstNoise = NoiseSource.torch(1);
    NoiseSource secondNoise = NoiseSource.torch(2);
    DenoisingFunction network = network(plan, 0.2);
    Tensor x = start(first, latent);
    Tensor y = start(second, opposite(latent));
    for (int i = 0; i < first.steps(); i++) {
      x = first.step(i, x, network, firstNoise).x();
      y = second.step(i, y, network, secondNoise).x();
      assertSame(alone.states().get(i + 1), x, "step " + i + " of a run with another in between");
      assertSame(
          otherAlone.states().get(i + 1), y, "step " + i + " of a run with another in between");
    }
  }

  /**
   * The same state and noise give the same bytes. A deterministic solver draws nothing, a
   * stochastic one draws from the source that it is given.
   */
  @Property(tries = TRIES)
  public final void givenNoiseDeterminesTheRun(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    Trajectory first = run(scheduler().begin(plan), plan, latent, 3);
    Trajectory again = run(scheduler().begin(plan), plan, latent, 3);
    for (int i = 0; i < first.states().size(); i++) {
      assertSame(first.states().get(i), again.states().get(i), "state " + i + " of a repeated run");
    }
    if (traits().isStochastic()) {
      check(first.draws() > 0, "a stochastic solver never drew from the noise source");
    } else {
      assertEquals(0, first.draws(), "draws of a deterministic solver");
    }
  }

  /** A step changes neither its state nor what the network returned nor earlier states. */
  @Property(tries = TRIES)
  public final void stepsDoNotWriteToTheirInputs(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    SchedulerRun run = scheduler().begin(plan);
    var tensors = new ArrayList<Tensor>();
    var copies = new ArrayList<float[]>();
    DenoisingFunction network = network(plan, 0.2);
    Tensor x = start(run, latent);
    for (int i = 0; i < run.steps(); i++) {
      keep(x, tensors, copies);
      x =
          run.step(
                  i,
                  x,
                  (in, t) -> keep(network.predict(in, t), tensors, copies),
                  NoiseSource.torch(i))
              .x();
      for (int j = 0; j < tensors.size(); j++) {
        assertArrayEquals(
            copies.get(j),
            tensors.get(j).floats(),
            "step " + i + " changed a tensor of the caller");
      }
    }
  }

  /** The Markov property: a run that starts at step k gives what the whole run gives there. */
  @Property(tries = TRIES)
  public final void runMayBeTakenUpAtAnyStep(
      @ForAll("plans") SchedulePlan plan,
      @ForAll("latents") Tensor latent,
      @ForAll @IntRange(min = 1, max = 19) int at) {
    if (traits().isMultistep()) {
      return;
    }
    SchedulerRun whole = scheduler().begin(plan);
    int k = Math.min(at, whole.steps() - 1);
    DenoisingFunction network = network(plan, 0.2);
    Tensor x = start(whole, latent);
    for (int i = 0; i < k; i++) {
      x = whole.step(i, x, network, NoiseSource.torch(i)).x();
    }
    SchedulerRun part = scheduler().begin(plan.startStep(plan.startStep() + k));
    assertEquals(whole.steps() - k, part.steps(), "steps of a run that leaves out " + k);
    assertEquals(whole.timestep(k), part.timestep(0), "first timestep of a run that starts later");
    for (int i = k; i < whole.steps(); i++) {
      Tensor next = whole.step(i, x, network, NoiseSource.torch(i)).x();
      Tensor taken = part.step(i - k, x, network, NoiseSource.torch(i)).x();
      assertSame(next, taken, "step " + i + " of a run taken up at step " + k);
      x = next;
    }
  }

  /** Where the network is linear, -2 times the state and the noise give -2 times the sample. */
  @Property(tries = TRIES)
  public final void solutionScalesWithTheState(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    SchedulerRun run = scheduler().begin(plan);
    SchedulerRun scaled = scheduler().begin(plan);
    DenoisingFunction network = network(plan, 0);
    NoiseSource noise = NoiseSource.torch(5);
    NoiseSource same = NoiseSource.torch(5);
    Tensor start = start(run, latent);
    Trajectory one = Trajectory.of(run, start, network, noise);
    Trajectory two =
        Trajectory.of(scaled, times(-2, start), network, shape -> times(-2, same.gaussian(shape)));
    for (int i = 0; i < one.states().size(); i++) {
      assertClose(
          times(-2, one.states().get(i)).floats(),
          two.states().get(i).floats(),
          1e-5,
          "state " + i + " of a run from -2 times the state");
    }
  }

  /** From zero, with a linear network and no noise, every state is zero. */
  @Property(tries = TRIES)
  public final void zeroStaysZero(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    Tensor zero = Tensor.zeros(latent.shape());
    Trajectory made = Trajectory.of(scheduler().begin(plan), zero, network(plan, 0), Tensor::zeros);
    for (int i = 0; i < made.states().size(); i++) {
      for (float value : made.states().get(i).floats()) {
        check(value == 0, "state %s of a run from zero without noise holds %s", i, value);
      }
    }
  }

  /**
   * Where the network knows sample and noise, a deterministic solver goes straight: each state is
   * that sample with that noise at the level of its step. Not asked of v-predictions where there
   * are others, since solvers that round timesteps convert those at another level.
   */
  @Property(tries = TRIES)
  public final void knownSampleIsFollowedStraight(
      @ForAll("straightPlans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    if (traits().isStochastic()) {
      return;
    }
    // Pure noise does not tell which sample it hides.
    boolean pure = Level.of(scheduler().begin(plan), 0).alpha() == 0;
    SchedulerRun run = scheduler().begin(pure ? plan.startStep(plan.startStep() + 1) : plan);
    Tensor noise = NoiseSource.torch(11).gaussian(latent.shape());
    Trajectory made =
        Trajectory.of(
            run, run.addNoise(latent, noise), knowing(plan, latent, noise), NoiseSource.torch(0));
    for (int i = 0; i < run.steps(); i++) {
      assertClose(
          run.addNoise(latent, noise, i).floats(),
          made.states().get(i).floats(),
          1e-3,
          "state " + i + " of a run whose network knows sample and noise");
    }
  }

  /** Pictures of a batch are made as they would be alone. */
  @Property(tries = TRIES)
  public final void picturesOfBatchAreIndependent(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    Tensor first = latent.rows(0, 1);
    Tensor second = opposite(first);
    DenoisingFunction network = network(plan, 0.2);
    SchedulerRun run = scheduler().begin(plan);
    Tensor start = Tensor.concat(List.of(start(run, first), start(run, second)));
    Trajectory both =
        Trajectory.of(
            run,
            start,
            network,
            NoiseSource.perImage(List.of(NoiseSource.torch(1), NoiseSource.torch(2))));
    Trajectory alone = run(scheduler().begin(plan), plan, second, 2);
    for (int i = 0; i < both.states().size(); i++) {
      assertClose(
          alone.states().get(i).floats(),
          both.states().get(i).rows(1, 2).floats(),
          1e-5,
          "state " + i + " of the second picture of a batch, against that picture alone");
    }
  }

  /**
   * Adding noise is linear, its level falls step by step (or rises), and after the last step the
   * original is left; the initial scale is that of the first level.
   */
  @Property(tries = TRIES)
  public final void noiseIsAddedAtTheLevelOfTheStep(@ForAll("plans") SchedulePlan plan) {
    SchedulerRun run = scheduler().begin(plan);
    for (int i = 1; i < run.steps(); i++) {
      double change = Level.of(run, i).ratio() - Level.of(run, i - 1).ratio();
      check(
          traits().isToNoise() ? change >= 0 : change <= 0,
          "the level of added noise must %s, but goes from %s to %s at step %s",
          traits().isToNoise() ? "rise" : "fall",
          Level.of(run, i - 1),
          Level.of(run, i),
          i);
    }
    Level first = Level.of(run, 0);
    double most = Math.hypot(first.alpha(), first.sigma());
    double least = traits().isToNoise() ? 0 : first.sigma();
    check(
        plan.startStep() > 0
            || 0.999 * least <= run.initialScale() && run.initialScale() <= 1.001 * most,
        "the initial scale %s is not that of a first state at %s",
        run.initialScale(),
        first);
    assertEquals(new Level(1, 0), Level.of(run, run.steps()), "level after the last step");
  }

  /** A step out of turn and a network that returns another shape are refused. */
  @Property(tries = 5)
  public final void misuseIsRefused(
      @ForAll("plans") SchedulePlan plan, @ForAll("latents") Tensor latent) {
    SchedulerRun run = scheduler().begin(plan);
    Tensor x = start(run, latent);
    DenoisingFunction network = network(plan, 0);
    NoiseSource noise = NoiseSource.torch(0);
    assertThrows(
        IllegalStateException.class, () -> run.step(1, x, network, noise), "step 1 before step 0");
    run.step(0, x, network, noise);
    assertThrows(
        IllegalStateException.class, () -> run.step(0, x, network, noise), "step 0 made twice");
    assertThrows(
        IllegalArgumentException.class,
        () ->
            scheduler()
                .begin(plan)
                .step(0, x, (in, t) -> Tensor.zeros(Shape.of(1, 1, 1, 99)), noise),
        "a network that returns another shape");
  }

  /**
   * The error against the closed form falls as the stated order says, with each prediction type:
   * {@link MeasuredOrder}.
   */
  @Example
  public final void orderOfConvergenceIsAsStated() {
    SchedulerTraits.OrderBand band = traits().order();
    if (band == null) {
      return;
    }
    for (PredictionType type : traits().predictions()) {
      MeasuredOrder measured = MeasuredOrder.of(scheduler(), traits().predictions(type));
      check(
          band.holds(measured.order()),
          "the measured order of convergence is %s with %s, must be %s: errors %s",
          round(measured.order()),
          type,
          band,
          measured.rungs());
    }
  }

  /** Samples have the mean and the variance of the data: {@link MeasuredMarginal}. */
  @Example
  public final void samplesHaveTheDistributionOfTheData() {
    if (!traits().isStochastic()) {
      return;
    }
    MeasuredMarginal measured = MeasuredMarginal.of(scheduler(), traits());
    check(
        Math.abs(measured.mean()) <= MeasuredMarginal.boundOfMean(traits().bias())
            && Math.abs(measured.variance()) <= MeasuredMarginal.boundOfVariance(traits().bias()),
        "samples do not have the distribution of the data: %s; chance and a bias of %s explain"
            + " %s and %s %%",
        measured,
        traits().bias(),
        round(MeasuredMarginal.boundOfMean(traits().bias())),
        round(100 * MeasuredMarginal.boundOfVariance(traits().bias())));
  }

  private Trajectory run(SchedulerRun run, SchedulePlan plan, Tensor latent, long seed) {
    return Trajectory.of(run, start(run, latent), network(plan, 0.2), NoiseSource.torch(seed));
  }

  private static Tensor start(SchedulerRun run, Tensor latent) {
    return run.addNoise(latent, NoiseSource.torch(17).gaussian(latent.shape()));
  }

  /** The ideal network of normal data; linear where their mean is 0. */
  private DenoisingFunction network(SchedulePlan plan, double mean) {
    return new GaussianData(mean, 0.5)
        .network(plan.predictionType(), traits().levels(plan.noiseSchedule()));
  }

  private DenoisingFunction knowing(SchedulePlan plan, Tensor sample, Tensor noise) {
    InputLevels levels = traits().levels(plan.noiseSchedule());
    return (x, t) -> {
      float[] out = new float[Math.toIntExact(x.elements())];
      for (int i = 0; i < out.length; i++) {
        var known = new GaussianData.Pair(sample.floats()[i], noise.floats()[i]);
        out[i] = (float) GaussianData.output(plan.predictionType(), levels.at(t), known);
      }
      return Tensor.of(x.shape(), out);
    };
  }

  private static Tensor opposite(Tensor x) {
    return times(-1, x);
  }

  private static Tensor times(float factor, Tensor x) {
    float[] out = x.floats().clone();
    for (int i = 0; i < out.length; i++) {
      out[i] *= factor;
    }
    return Tensor.of(x.shape(), out);
  }

  private static Tensor keep(Tensor x, List<Tensor> tensors, List<float[]> copies) {
    tensors.add(x);
    copies.add(x.floats().clone());
    return x;
  }

  private static List<Double> boxed(double[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
