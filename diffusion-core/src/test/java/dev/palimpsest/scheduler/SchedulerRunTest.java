package dev.palimpsest.scheduler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class SchedulerRunTest {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
  private static final Shape SHAPE = Shape.of(2, 3, 4, 4);
  private static final DenoisingFunction NETWORK = SchedulerRunTest::network;

  @Provide
  Arbitrary<Scheduler> schedulers() {
    return Arbitraries.of(all());
  }

  @Provide
  Arbitrary<Scheduler> markov() {
    return Arbitraries.of(
        Schedulers.ddim().eta(0.4),
        Schedulers.ddpm(),
        Schedulers.euler().karrasSigmas(),
        Schedulers.euler().churn(3, 0.1, 9, 1.003),
        Schedulers.eulerAncestral(),
        Schedulers.heun(),
        Schedulers.kdpm2(),
        Schedulers.kdpm2Ancestral().karrasSigmas(),
        Schedulers.flowMatchEuler().shift(3),
        Schedulers.tcd().eta(0.7),
        Schedulers.ddimInverse(),
        Schedulers.lcm());
  }

  private static List<Scheduler> all() {
    var all = new ArrayList<Scheduler>();
    Schedulers.names().forEach(name -> all.add(Schedulers.byName(name)));
    for (SigmaSpacing spacing : SigmaSpacing.values()) {
      all.add(Schedulers.euler().sigmas(spacing));
      all.add(Schedulers.heun().sigmas(spacing));
      all.add(Schedulers.lms().sigmas(spacing));
      all.add(Schedulers.dpmSolverPlusPlus().sigmas(spacing));
      all.add(Schedulers.dpmSolverSinglestep().sigmas(spacing));
      all.add(Schedulers.deis().sigmas(spacing));
      all.add(Schedulers.uniPc().sigmas(spacing));
      all.add(Schedulers.saSolver().sigmas(spacing));
      all.add(Schedulers.kdpm2().sigmas(spacing));
      all.add(Schedulers.kdpm2Ancestral().sigmas(spacing));
      all.add(Schedulers.flowMatchEuler().sigmas(spacing));
    }
    for (int order = 1; order <= 3; order++) {
      all.add(Schedulers.dpmSolverSinglestep().order(order));
      all.add(Schedulers.deis().order(order).lowerOrderFinal(false));
      all.add(Schedulers.uniPc().order(order).type(UniPc.SolverType.BH1));
      all.add(Schedulers.uniPc().order(order).onNoise());
      all.add(Schedulers.saSolver().orders(order, 4 - order).tau(t -> 0.5));
      all.add(Schedulers.saSolver().orders(order, order).onNoise());
    }
    for (DpmAlgorithm algorithm : DpmAlgorithm.values()) {
      all.add(Schedulers.dpmSolverPlusPlus().algorithm(algorithm, FinalSigma.SIGMA_MIN));
    }
    all.add(Schedulers.pndm().skipPrkSteps(true));
    return all;
  }

  @Property(tries = 150)
  void timestepsAndSigmasFallAndStepsAreCounted(
      @ForAll("schedulers") Scheduler scheduler, @ForAll @IntRange(min = 4, max = 45) int n) {
    SchedulerRun run = scheduler.begin(plan(scheduler, n));
    assertEquals(n, run.steps());
    assertEquals(run.timesteps().length, run.evaluations());
    for (int i = 1; i < n; i++) {
      double change = run.timestep(i) - run.timestep(i - 1);
      assertTrue(scheduler instanceof DdimInverse ? change >= 0 : change <= 0);
    }
    double[] sigmas = run.sigmas();
    for (int k = 1; k < sigmas.length; k++) {
      assertTrue(sigmas[k] <= sigmas[k - 1], scheduler.name() + " at " + k);
    }
    if (sigmas.length > 0) {
      assertTrue(sigmas[sigmas.length - 1] < 0.03);
      assertTrue(run.initialScale() > 0);
    }
  }

  @Property(tries = 60)
  void replayedNoiseGivesTheSameBytesAndRunsDoNotDisturbEachOther(
      @ForAll("schedulers") Scheduler scheduler, @ForAll @IntRange(min = 4, max = 12) int n) {
    List<float[]> alone = states(scheduler, plan(scheduler, n), 5);
    SchedulerRun first = scheduler.begin(plan(scheduler, n));
    SchedulerRun second = scheduler.begin(plan(scheduler, n));
    NoiseSource firstNoise = NoiseSource.torch(5);
    NoiseSource secondNoise = NoiseSource.torch(5);
    Tensor a = start(first);
    Tensor b = start(second);
    for (int i = 0; i < n; i++) {
      a = first.step(i, a, NETWORK, firstNoise).x();
      b = second.step(i, b, NETWORK, secondNoise).x();
      assertArrayEquals(alone.get(i), a.floats());
      assertArrayEquals(alone.get(i), b.floats());
    }
  }

  @Property(tries = 60)
  void solversWithoutMemoryContinueFromAnyStep(
      @ForAll("markov") Scheduler scheduler,
      @ForAll @IntRange(min = 2, max = 12) int n,
      @ForAll @IntRange(min = 1, max = 11) int from) {
    int k = Math.min(from, n - 1);
    SchedulerRun whole = scheduler.begin(plan(scheduler, n));
    NoiseSource noise = NoiseSource.torch(9);
    Tensor x = start(whole);
    for (int i = 0; i < k; i++) {
      x = whole.step(i, x, NETWORK, noise).x();
    }
    SchedulerRun part = scheduler.begin(plan(scheduler, n).startStep(k));
    assertEquals(n - k, part.steps());
    assertEquals(whole.timestep(k), part.timestep(0));
    assertArrayEquals(
        whole.step(k, x, NETWORK, NoiseSource.torch(2)).x().floats(),
        part.step(0, x, NETWORK, NoiseSource.torch(2)).x().floats());
  }

  /** Those without sigmas, and that for flows. */
  private static final Set<String> OTHERS =
      Set.of("ddim", "ddim_inverse", "ddpm", "flow_match_euler", "ipndm", "lcm", "pndm", "tcd");

  /** Those that end at a clean sample and work on the estimate of it. */
  @Provide
  Arbitrary<Scheduler> exact() {
    var exact = new ArrayList<Scheduler>(all());
    exact.removeIf(
        scheduler -> {
          double[] sigmas = scheduler.begin(plan(scheduler, 5)).sigmas();
          return OTHERS.contains(scheduler.name()) || sigmas[sigmas.length - 1] > 0;
        });
    exact.add(Schedulers.ddim());
    exact.add(Schedulers.ddpm());
    exact.add(Schedulers.lcm());
    return Arbitraries.of(exact);
  }

  @Property(tries = 60)
  void perfectNetworkLeadsToTheCleanSample(
      @ForAll("exact") Scheduler scheduler, @ForAll @IntRange(min = 5, max = 20) int n) {
    SchedulePlan plan =
        SchedulePlan.steps(SCHEDULE, PredictionType.SAMPLE, n).clipping(Clipping.NONE);
    Tensor clean = NoiseSource.torch(1).gaussian(SHAPE);
    SchedulerRun run = scheduler.begin(plan);
    Tensor x = start(run);
    NoiseSource noise = NoiseSource.torch(5);
    for (int i = 0; i < n; i++) {
      x = run.step(i, x, (in, t) -> clean, noise).x();
    }
    assertArrayEquals(clean.floats(), x.floats(), 1e-3f, scheduler.name());
  }

  @Test
  void startOfImageToImage() {
    SchedulerRun run = Schedulers.heun().begin(plan(10).strength(0.35));
    assertEquals(3, run.steps());
    assertEquals(5, run.evaluations());
    assertEquals(19, run.timesteps().length);
    assertEquals(Schedulers.heun().begin(plan(10)).timestep(7), run.timestep(0));
    Tensor clean = Tensor.zeros(SHAPE);
    Tensor noise = NoiseSource.torch(0).gaussian(SHAPE);
    float sigma = (float) run.sigmas()[14];
    assertEquals(sigma * noise.floats()[0], run.addNoise(clean, noise).floats()[0]);
    assertSame(clean, run.addNoise(clean, noise, run.steps()));
  }

  @Test
  void plmsStartsInTheMiddleAsDiffusersDoes() {
    SchedulePlan plan = plan(10).stepsOffset(1).strength(0.5);
    SchedulerRun run = Schedulers.pndm().skipPrkSteps(true).begin(plan);
    var called = new ArrayList<Double>();
    Tensor x = start(run);
    for (int i = 0; i < run.steps(); i++) {
      x =
          run.step(
                  i,
                  x,
                  (in, t) -> {
                    called.add(t);
                    return in;
                  },
                  NoiseSource.torch(0))
              .x();
    }
    assertEquals(List.of(501.0, 401.0, 301.0, 201.0, 101.0, 1.0), called);
  }

  @Test
  void stepDoesNotWriteToItsInputs() {
    for (Scheduler scheduler : all()) {
      SchedulerRun run = scheduler.begin(plan(scheduler, 5));
      Tensor x = start(run);
      float[] before = x.floats().clone();
      Step step = run.step(0, x, (in, t) -> in, NoiseSource.torch(0));
      assertArrayEquals(before, x.floats(), scheduler.name());
      float[] kept = step.x().floats().clone();
      run.step(1, step.x(), (in, t) -> in, NoiseSource.torch(0));
      assertArrayEquals(kept, step.x().floats(), scheduler.name());
      assertFalse(step.evaluations().isEmpty());
    }
  }

  @Test
  void numbersOfStepsOutOfRange() {
    assertNames(() -> plan(0), "1..1000", "0");
    assertNames(() -> plan(-3), "-3");
    assertNames(() -> plan(1001), "1..1000", "1001");
  }

  @Test
  void timestepsMustFallWithinTraining() {
    assertNames(() -> timesteps(999, 500, 500), "fall", "500");
    assertNames(() -> timesteps(1000, 500), "0..999", "1000");
    assertNames(() -> timesteps(500, -1), "-1");
    assertNames(SchedulerRunTest::timesteps, "no timesteps");
  }

  @Test
  void sigmasMustFallToTheFinalOne() {
    assertNames(() -> sigmas(14), "at least two");
    assertNames(() -> sigmas(1, 2, 0), "fall", "2.0", "1.0");
    assertNames(() -> sigmas(1, -1), "negative");
  }

  @Test
  void startAndStrengthOutOfRange() {
    assertNames(() -> plan(10).startStep(10), "0..9", "10");
    assertNames(() -> plan(10).startStep(-1), "-1");
    assertNames(() -> plan(10).strength(1.5), "0..1", "1.5");
    assertNames(() -> plan(10).strength(0.05), "0.05", "none of 10 steps");
  }

  @Test
  void plansThatASolverCannotMake() {
    assertNames(() -> Schedulers.ddim().begin(sigmas(3, 0)), "sigmas");
    assertNames(() -> Schedulers.pndm().begin(timesteps(999, 1)), "pndm");
    assertNames(() -> Schedulers.pndm().begin(plan(3)), "at least 4");
    assertNames(() -> Schedulers.pndm().begin(plan(9).startStep(2)), "skipPrkSteps");
    assertNames(() -> Schedulers.lcm().begin(plan(60)), "50", "60");
    assertNames(
        () -> Schedulers.euler().karrasSigmas().begin(timesteps(999, 1)), "timesteps", "KARRAS");
    assertNames(
        () -> Schedulers.dpmSolverPlusPlus().karrasSigmas().begin(timesteps(999, 1)), "KARRAS");
    assertNames(
        () -> Schedulers.ddpm().variance(VarianceType.LEARNED_RANGE).begin(plan(5)),
        "LEARNED_RANGE");
    assertNames(() -> Schedulers.deis().karrasSigmas().begin(timesteps(999, 1)), "KARRAS");
    assertNames(() -> Schedulers.tcd().begin(plan(60)), "tcd", "50", "60");
    assertNames(() -> Schedulers.ddimInverse().begin(timesteps(999, 1)), "ddim_inverse");
    assertNames(
        () -> Schedulers.ddimInverse().begin(plan(9).spacing(TimestepSpacing.LINSPACE)),
        "linspace");
    assertNames(() -> Schedulers.ipndm().begin(plan(9)), "v_prediction", "EPSILON");
    assertNames(() -> Schedulers.flowMatchEuler().begin(plan(9)), "flow_prediction", "EPSILON");
    SchedulePlan flows = plan(Schedulers.flowMatchEuler(), 9);
    assertNames(() -> Schedulers.flowMatchEuler().begin(flows.mu(1)), "use_dynamic_shifting");
    assertNames(() -> Schedulers.flowMatchEuler().dynamicShifting(true).begin(flows), "mu");
    SchedulePlan flow = SchedulePlan.steps(SCHEDULE, PredictionType.FLOW_PREDICTION, 5);
    assertNames(() -> Schedulers.dpmSolverPlusPlus().begin(flow), "flow_prediction");
  }

  @Test
  void fieldsOutOfRange() {
    assertNames(() -> Schedulers.ddim().eta(1.1), "1.1");
    assertNames(() -> Schedulers.euler().churn(-1, 0, 1, 1), "-1");
    assertNames(() -> Schedulers.lms().order(0), "0");
    assertNames(() -> Schedulers.dpmSolverPlusPlus().order(4), "4");
    assertNames(
        () -> Schedulers.dpmSolverPlusPlus().algorithm(DpmAlgorithm.DPMSOLVER, FinalSigma.ZERO),
        "dpmsolver",
        "SIGMA_MIN");
    assertNames(
        () ->
            Schedulers.dpmSolverSinglestep()
                .algorithm(DpmAlgorithm.SDE_DPMSOLVER, FinalSigma.SIGMA_MIN),
        "sde-dpmsolver",
        "singlestep");
    assertNames(() -> Schedulers.deis().order(4), "1..3", "4");
    assertNames(() -> Schedulers.uniPc().order(0), "0");
    assertNames(() -> Schedulers.uniPc().lowerOrderFinal(false), "sigma 0");
    assertNames(() -> Schedulers.saSolver().orders(2, 5), "corrector_order", "1..4", "5");
    assertNames(() -> Schedulers.tcd().eta(-0.1), "-0.1");
    assertNames(() -> Schedulers.tcd().originalSteps(0), "0");
    assertNames(() -> Schedulers.flowMatchEuler().shift(0), "shift", "0");
  }

  @Test
  void flowTakesTimestepsAsTheyAre() {
    SchedulePlan plan =
        SchedulePlan.timesteps(SCHEDULE, PredictionType.FLOW_PREDICTION, 1000, 700, 250.5);
    SchedulerRun run = Schedulers.flowMatchEuler().begin(plan);
    assertArrayEquals(new double[] {1000, 700, 250.5}, run.timesteps());
    assertArrayEquals(new double[] {1, 0.7, 0.2505, 0}, run.sigmas(), 1e-7);
    assertNames(
        () -> SchedulePlan.timesteps(SCHEDULE, PredictionType.FLOW_PREDICTION, 1001), "0..1000");
    assertNames(() -> SchedulePlan.timesteps(SCHEDULE, PredictionType.EPSILON, 1000), "0..999");
  }

  @Test
  void flowSigmasOfMultistepSolvers() {
    SchedulePlan plan =
        SchedulePlan.steps(SCHEDULE, PredictionType.FLOW_PREDICTION, 4).flowSigmas(3);
    for (Scheduler scheduler :
        List.of(Schedulers.dpmSolverPlusPlus(), Schedulers.deis(), Schedulers.saSolver())) {
      double[] sigmas = scheduler.begin(plan).sigmas();
      double even = 0.999 * 3 / 4;
      assertEquals(3 * even / (1 + 2 * even), sigmas[1], 1e-6, scheduler.name());
    }
    double first = Schedulers.uniPc().begin(plan).sigmas()[0];
    assertEquals(1, first, 2e-6);
    assertNames(() -> plan.flowSigmas(0), "shift", "0");
  }

  @Test
  void flowIsExactOnStraightPaths() {
    Tensor clean = NoiseSource.torch(1).gaussian(SHAPE);
    Tensor noise = NoiseSource.torch(2).gaussian(SHAPE);
    float[] velocity = Linear.combine(1, noise.floats(), -1, clean.floats());
    Scheduler scheduler = Schedulers.flowMatchEuler().dynamicShifting(true);
    SchedulerRun run = scheduler.begin(plan(scheduler, 7).mu(0.6));
    Tensor x = noise;
    for (int i = 0; i < 7; i++) {
      x = run.step(i, x, (in, t) -> Tensor.of(SHAPE, velocity), noise()).x();
    }
    assertArrayEquals(clean.floats(), x.floats(), 1e-5f);
  }

  @Test
  void ddimRunsBackAlongItsInverse() {
    SchedulePlan plan = plan(50).clipping(Clipping.NONE);
    Tensor epsilon = NoiseSource.torch(2).gaussian(SHAPE);
    DenoisingFunction network = (in, t) -> epsilon;
    SchedulerRun inverse = Schedulers.ddimInverse().begin(plan);
    SchedulerRun ddim = Schedulers.ddim().begin(plan);
    Tensor clean = NoiseSource.torch(1).gaussian(SHAPE);
    Tensor x = clean;
    for (int i = 0; i < 50; i++) {
      x = inverse.step(i, x, network, noise()).x();
    }
    for (int i = 0; i < 50; i++) {
      x = ddim.step(i, x, network, noise()).x();
    }
    assertArrayEquals(clean.floats(), x.floats(), 1e-4f);
  }

  @Test
  void stepsAreMadeOnceInOrder() {
    SchedulerRun run = Schedulers.euler().begin(plan(3));
    Tensor x = start(run);
    assertThrows(IllegalStateException.class, () -> run.step(1, x, NETWORK, noise()));
    run.step(0, x, NETWORK, noise());
    assertThrows(IllegalStateException.class, () -> run.step(0, x, NETWORK, noise()));
    assertNames(() -> run.step(3, x, NETWORK, noise()), "0..2", "3");
  }

  @Test
  void networkMustReturnItsInputsShape() {
    SchedulerRun run = Schedulers.euler().begin(plan(3));
    Tensor wrong = Tensor.zeros(Shape.of(2, 6, 4, 4));
    assertNames(
        () -> run.step(0, start(run), (in, t) -> wrong, noise()), "[2, 3, 4, 4]", "[2, 6, 4, 4]");
    SchedulerRun learned = Schedulers.ddim().begin(plan(3).learnedVariance(true));
    assertNames(
        () -> learned.step(0, start(run), (in, t) -> in, noise()), "[2, 6, 4, 4]", "variance");
    assertEquals(
        SHAPE,
        Schedulers.ddim()
            .begin(plan(3).learnedVariance(true))
            .step(0, start(run), (in, t) -> wrong, noise())
            .x()
            .shape());
  }

  @Test
  void timestepOutsideTheRunHasNoNoiseLevel() {
    SchedulerRun run = Schedulers.euler().begin(plan(3));
    Tensor x = Tensor.zeros(SHAPE);
    assertNames(() -> run.addNoiseAt(x, x, 999, 17), "17", "999");
    SchedulerRun ddim = Schedulers.ddim().begin(plan(3));
    assertNames(() -> ddim.addNoiseAt(x, x, 1000), "1000");
  }

  private static Tensor network(Tensor x, double t) {
    float[] in = x.floats();
    float[] out = new float[in.length];
    for (int i = 0; i < in.length; i++) {
      out[i] = (float) Math.tanh(0.7 * in[i] + 0.1 * Math.sin(t / 50));
    }
    return Tensor.of(x.shape(), out);
  }

  private static List<float[]> states(Scheduler scheduler, SchedulePlan plan, long seed) {
    SchedulerRun run = scheduler.begin(plan);
    NoiseSource noise = NoiseSource.torch(seed);
    var states = new ArrayList<float[]>();
    Tensor x = start(run);
    for (int i = 0; i < run.steps(); i++) {
      x = run.step(i, x, NETWORK, noise).x();
      states.add(x.floats());
    }
    return states;
  }

  private static Tensor start(SchedulerRun run) {
    float[] values = NoiseSource.torch(42).gaussian(SHAPE).floats().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] *= run.initialScale();
    }
    return Tensor.of(SHAPE, values);
  }

  private static NoiseSource noise() {
    return NoiseSource.torch(0);
  }

  private static SchedulePlan plan(int steps) {
    return SchedulePlan.steps(SCHEDULE, PredictionType.EPSILON, steps);
  }

  /** A plan with what the solver's networks predict. */
  private static SchedulePlan plan(Scheduler scheduler, int steps) {
    PredictionType type =
        switch (scheduler.name()) {
          case "flow_match_euler" -> PredictionType.FLOW_PREDICTION;
          case "ipndm" -> PredictionType.V_PREDICTION;
          default -> PredictionType.EPSILON;
        };
    return SchedulePlan.steps(SCHEDULE, type, steps);
  }

  private static SchedulePlan timesteps(double... timesteps) {
    return SchedulePlan.timesteps(SCHEDULE, PredictionType.EPSILON, timesteps);
  }

  private static SchedulePlan sigmas(double... sigmas) {
    return SchedulePlan.sigmas(SCHEDULE, PredictionType.EPSILON, sigmas);
  }

  private static void assertNames(Executable call, String... parts) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }
}
