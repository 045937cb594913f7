package dev.palimpsest.likelihood;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.scheduler.Clipping;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.scheduler.VarianceType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class LikelihoodTest {
  private static final double MU = -0.1;
  private static final double S = 0.3;
  private static final GaussianDiffusion LINEAR = GaussianDiffusion.linear(50);

  /**
   * The ideal network for x_0 ~ N(MU, S²): predicts E[x_0 | x_t] and the log-variance of x_{t−1},
   * which is normal given x_t.
   */
  private static PredictionFunction ideal(GaussianDiffusion q, PredictionType type) {
    return (x, timestep) -> {
      int t = 0;
      while (q.timestep(t) != timestep) {
        t++;
      }
      double alphaBar = q.alphaCumprod(t);
      double noisy = S * S * alphaBar + 1 - alphaBar;
      double left = S * S * (1 - alphaBar) / noisy; // Var[x_0 | x_t]
      double ofClean = q.posteriorMeanOfClean(t);
      double logVariance = Math.log(q.posteriorVariance(t) + ofClean * ofClean * left);
      double[] in = x.doubles();
      double[] out = new double[2 * in.length];
      Arrays.fill(out, in.length, out.length, logVariance);
      for (int i = 0; i < in.length; i++) {
        double x0 = MU + S * S * Math.sqrt(alphaBar) / noisy * (in[i] - Math.sqrt(alphaBar) * MU);
        double noise = (in[i] - Math.sqrt(alphaBar) * x0) / Math.sqrt(1 - alphaBar);
        out[i] =
            switch (type) {
              case SAMPLE -> x0;
              case EPSILON -> noise;
              case V_PREDICTION -> Math.sqrt(alphaBar) * noise - Math.sqrt(1 - alphaBar) * x0;
              case FLOW_PREDICTION -> throw new AssertionError(type);
            };
      }
      return Tensor.of(x.shape().withDim(1, 2 * x.shape().dim(1)), out);
    };
  }

  private static ReverseProcess idealProcess(GaussianDiffusion q, PredictionType type) {
    return ReverseProcess.of(q, type, ModelVariance.LEARNED_LOG).clipping(Clipping.NONE);
  }

  /** Every fourth level inside, each twice. */
  private static Tensor levels() {
    double[] x = new double[120];
    for (int i = 0; i < x.length; i++) {
      x[i] = DiscretizedGaussian.value(8 + i / 2 * 4);
    }
    return Tensor.of(Shape.of(1, 1, 1, x.length), x);
  }

  /** ±1 in turn: its mean over a pair of equal pixels is the exact mean of any quadratic. */
  private static NoiseSource twoPoints() {
    return shape -> {
      double[] z = new double[(int) shape.elements()];
      Arrays.setAll(z, i -> i % 2 == 0 ? 1 : -1);
      return Tensor.of(shape, z);
    };
  }

  /**
   * With the ideal network the terms telescope: the bound is −log q(x_0) + E log q(x_T) / p(x_T)
   * given x_0, exactly, where a level's probability is its width times the density.
   */
  @Test
  void boundOfTheIdealNetworkIsTheLikelihood() {
    Tensor x0 = levels();
    for (GaussianDiffusion q :
        List.of(
            LINEAR,
            GaussianDiffusion.linear(200),
            GaussianDiffusion.linear(200).respaced(Respacing.parse(200, "60,20")))) {
      for (PredictionType type :
          List.of(PredictionType.SAMPLE, PredictionType.EPSILON, PredictionType.V_PREDICTION)) {
        BitsPerDim bound =
            Likelihood.of(idealProcess(q, type))
                .cdf(NormalCdf.ERF)
                .evaluate(x0, ideal(q, type), twoPoints())
                .get(0);
        assertEquals(exactBits(q, x0), bound.total(), 1e-3);
        assertEquals(q.steps(), bound.terms().size());
        assertEquals(120, bound.dimensions());
      }
    }
  }

  private static double exactBits(GaussianDiffusion q, Tensor x0) {
    double alphaBar = q.alphaCumprod(q.steps() - 1);
    double last = S * S * alphaBar + 1 - alphaBar;
    double[] x = x0.doubles();
    double nats = 0;
    for (double value : x) {
      double density =
          -0.5 * (Math.log(2 * Math.PI * S * S) + (value - MU) * (value - MU) / (S * S));
      double fromMean = Math.sqrt(alphaBar) * (value - MU);
      double fromZero = Math.sqrt(alphaBar) * value;
      double endRatio =
          -0.5 * (Math.log(last) + (1 - alphaBar + fromMean * fromMean) / last)
              + 0.5 * (1 - alphaBar + fromZero * fromZero);
      nats += -density - Math.log(2.0 / 255) + endRatio;
    }
    return nats / x.length / Math.log(2);
  }

  @Test
  void aWorseNetworkHasAHigherBound() {
    Tensor x0 = levels();
    PredictionFunction ideal = ideal(LINEAR, PredictionType.SAMPLE);
    PredictionFunction biased =
        (x, t) -> {
          double[] out = ideal.predict(x, t).doubles();
          for (int i = 0; i < out.length / 2; i++) {
            out[i] += 0.1;
          }
          return Tensor.of(x.shape().withDim(1, 2), out);
        };
    var likelihood = Likelihood.of(idealProcess(LINEAR, PredictionType.SAMPLE));
    double best = likelihood.evaluate(x0, ideal, twoPoints()).get(0).total();
    double worse = likelihood.evaluate(x0, biased, twoPoints()).get(0).total();
    assertTrue(worse > best + 0.01, best + " " + worse);
  }

  /** The estimates' spread over seeds is what they state, and their mean the full bound. */
  @Test
  void stratifiedEstimatesAreUnbiasedAndStateTheirError() {
    GaussianDiffusion q = GaussianDiffusion.linear(100);
    var process =
        ReverseProcess.of(q, PredictionType.SAMPLE, ModelVariance.LEARNED_LOG)
            .clipping(Clipping.NONE);
    PredictionFunction network = ideal(q, PredictionType.SAMPLE);
    Tensor x0 = levels().reshape(Shape.of(1, 1, 12, 10));
    double full = 0;
    for (int seed = 0; seed < 40; seed++) {
      full +=
          Likelihood.of(process)
                  .evaluate(x0, network, NoiseSource.torch(1000 + seed))
                  .get(0)
                  .total()
              / 40;
    }
    int runs = 200;
    double sum = 0;
    double squares = 0;
    double stated = 0;
    for (int seed = 0; seed < runs; seed++) {
      BitsPerDim estimate =
          Likelihood.of(process)
              .sampling(StepSampling.stratified(10))
              .evaluate(x0, network, NoiseSource.torch(seed))
              .get(0);
      assertEquals(22, estimate.terms().size());
      sum += estimate.total();
      squares += (estimate.total() - full) * (estimate.total() - full);
      stated += Math.pow(estimate.standardError().orElseThrow(), 2);
    }
    double deviation = Math.sqrt(squares / runs);
    assertEquals(full, sum / runs, 4 * deviation / Math.sqrt(runs));
    assertEquals(1, Math.sqrt(stated / runs) / deviation, 0.25);
  }

  @Test
  void drawsOfAllStepsGiveAStandardErrorAndSeedsTheSame() {
    Likelihood twice =
        Likelihood.of(idealProcess(LINEAR, PredictionType.SAMPLE))
            .sampling(StepSampling.all().withDraws(2));
    PredictionFunction network = ideal(LINEAR, PredictionType.SAMPLE);
    List<Integer> told = new ArrayList<>();
    BitsPerDim one =
        twice
            .evaluate(levels(), network, NoiseSource.torch(3), (done, all) -> told.add(all - done))
            .get(0);
    assertEquals(one, twice.evaluate(levels(), network, NoiseSource.torch(3)).get(0));
    assertTrue(one.standardError().orElseThrow() > 0);
    assertEquals(100, one.terms().size());
    assertEquals(List.of(99, 0), List.of(told.get(0), told.get(99)));
    assertEquals(49, one.terms().get(0).step());
    assertEquals(0, one.terms().get(99).step());
  }

  @Test
  void termsOfABatchAreThoseOfItsPictures() {
    Tensor x0 = levels().reshape(Shape.of(2, 1, 6, 10));
    ReverseProcess process =
        ReverseProcess.of(LINEAR, PredictionType.SAMPLE, ModelVariance.FIXED_LARGE);
    PredictionFunction network = (x, t) -> scaled(x, 0.5);
    Tensor noise = NoiseSource.torch(1).gaussian(x0.shape());
    List<StepTerm> both = VariationalBound.of(process).terms(x0, noise, 20, network);
    for (int i = 0; i < 2; i++) {
      StepTerm alone =
          VariationalBound.of(process)
              .terms(x0.rows(i, i + 1), noise.rows(i, i + 1), 20, network)
              .get(0);
      assertEquals(alone, both.get(i));
    }
  }

  private static Tensor scaled(Tensor x, double factor) {
    return Tensor.of(x.shape(), Arrays.stream(x.doubles()).map(v -> factor * v).toArray());
  }

  @Test
  void hybridIsTheWeightedSum() {
    var term = new StepTerm(3, 3, 0.02, 0.5, 0, 0);
    assertEquals(2, term.vlb(100), 1e-12);
    assertEquals(0.502, term.hybrid(100), 1e-12);
  }

  /** L_simple of each prediction type is 0 for the network that is right. */
  @Test
  void simpleIsTheErrorOfTheOutput() {
    Tensor x0 = levels();
    Tensor noise = NoiseSource.torch(2).gaussian(x0.shape());
    for (PredictionType type :
        List.of(PredictionType.SAMPLE, PredictionType.EPSILON, PredictionType.V_PREDICTION)) {
      ReverseProcess process = ReverseProcess.of(LINEAR, type, ModelVariance.FIXED_SMALL);
      Tensor target = process.target(x0, noise, 7);
      StepTerm right = VariationalBound.of(process).terms(x0, noise, 7, (x, t) -> target).get(0);
      assertEquals(0, right.simple(), 1e-20);
      assertEquals(0, right.denoisedError(), 1e-14);
      assertEquals(0, right.epsilonError(), 1e-12);
      assertEquals(0, right.bits(), 1e-10);
    }
  }

  @Test
  void scoresAgree() {
    Tensor x0 = levels();
    Tensor noise = NoiseSource.torch(2).gaussian(x0.shape());
    double[] ofNoise = LINEAR.score(noise, 9).doubles();
    Tensor xt = LINEAR.sample(x0, noise, 9);
    assertArrayEquals(ofNoise, LINEAR.marginal(x0, 9).score(xt).doubles(), 1e-9);
    assertArrayEquals(noise.as(DType.FLOAT64).doubles(), LINEAR.noise(x0, xt, 9).doubles(), 1e-9);
  }

  @Test
  void densityIsThatOfTheNormalDistribution() {
    Tensor x = Tensor.of(Shape.of(1), 1.5);
    var gaussian =
        DiagonalGaussian.of(Tensor.of(Shape.of(1), 0.5), Tensor.of(Shape.of(1), Math.log(4)));
    double want = Math.log(Math.exp(-0.125) / Math.sqrt(2 * Math.PI * 4));
    assertEquals(want, gaussian.logDensity(x).doubles()[0], 1e-12);
    assertEquals(2.5, gaussian.sample(Tensor.of(Shape.of(1), 1.0)).doubles()[0], 1e-12);
  }

  @Test
  void everySourceOfVariance() {
    double small = LINEAR.posteriorLogVariance(5);
    double large = Math.log(LINEAR.beta(5));
    assertEquals(small, variance(ModelVariance.FIXED_SMALL, 5, 0.25));
    assertEquals(large, variance(ModelVariance.FIXED_LARGE, 5, 0.25));
    assertEquals(Math.log(0.25), variance(ModelVariance.LEARNED, 5, 0.25));
    assertEquals(0.25, variance(ModelVariance.LEARNED_LOG, 5, 0.25));
    assertEquals(0.75 * large + 0.25 * small, variance(ModelVariance.LEARNED_RANGE, 5, 0.5));
    assertEquals(LINEAR.posteriorLogVariance(1), variance(ModelVariance.FIXED_LARGE, 0, 0.25));
    for (VarianceType type : VarianceType.values()) {
      assertEquals(type.name().startsWith("LEARNED"), ModelVariance.of(type).isLearned());
    }
  }

  private static double variance(ModelVariance variance, int t, double output) {
    Tensor x = Tensor.of(Shape.of(1, 1), 0.0);
    Tensor both = Tensor.of(Shape.of(1, 2), 0.0, output);
    return ReverseProcess.of(LINEAR, PredictionType.SAMPLE, variance)
        .step(variance.isLearned() ? both : x, x, t)
        .distribution()
        .logVariance(0);
  }

  /** A step of the float32 solver has the mean that the respaced process has. */
  @Test
  void theSolverStepsAsTheProcess() {
    NoiseSchedule schedule = NoiseSchedule.linear(1000, 1e-4, 0.02);
    Respacing respacing = Respacing.parse(1000, "10,5");
    GaussianDiffusion q = GaussianDiffusion.of(schedule).respaced(respacing);
    SchedulePlan plan =
        SchedulePlan.timesteps(schedule, PredictionType.EPSILON, respacing.falling());
    Shape shape = Shape.of(1, 3, 4, 4);
    Tensor x = NoiseSource.torch(4).gaussian(shape);
    SchedulerRun run = Schedulers.ddpm().variance(VarianceType.FIXED_LARGE).begin(plan);
    ReverseProcess p = ReverseProcess.of(q, PredictionType.EPSILON, ModelVariance.FIXED_LARGE);
    NoiseSource noise = NoiseSource.torch(5);
    NoiseSource again = NoiseSource.torch(5);
    assertEquals(15, run.steps());
    for (int i = 0; i < run.steps(); i++) {
      int t = q.steps() - 1 - i;
      assertEquals(q.timestep(t), run.timestep(i));
      Tensor output = scaled(x, 0.3);
      DiagonalGaussian want = p.step(output, x, t).distribution();
      double[] expected =
          t == 0 ? want.mean().doubles() : want.sample(again.gaussian(shape)).doubles();
      x = run.step(i, x, (in, at) -> output.as(DType.FLOAT32), noise).x();
      assertArrayEquals(expected, x.as(DType.FLOAT64).doubles(), 2e-5);
    }
  }

  @Test
  void respacingsOfTheReference() {
    assertEquals(List.of(0, 3, 6, 9), Respacing.parse(10, "ddim4").timesteps());
    assertEquals(List.of(0, 9), Respacing.parse(10, "2").timesteps());
    // Halves go to the even neighbour: 0, 1.5, 3, 4.5, 6, 7.5, 9
    assertEquals(List.of(0, 2, 3, 4, 6, 8, 9), Respacing.parse(10, "7").timesteps());
    assertEquals(List.of(0, 4, 5, 7, 9, 10, 11, 12, 13), Respacing.parse(14, "2, 3,4").timesteps());
    assertEquals(List.of(0, 1, 2), Respacing.all(3).timesteps());
    assertArrayEquals(new double[] {6, 3, 0}, Respacing.parse(7, "ddim3").falling());
    assertEquals(1000, Respacing.parse(1000, "ddim1000").timesteps().size());
  }

  @Test
  void logLikelihoodOfAPictureIsTheSum() {
    Tensor x0 = levels().reshape(Shape.of(2, 60));
    var decoder = DiscretizedGaussian.of(DiagonalGaussian.standard(Shape.of(2, 60)));
    double[] each = decoder.logProbability(x0).doubles();
    double[] sums = decoder.logLikelihood(x0).doubles();
    assertEquals(Arrays.stream(each, 0, 60).sum(), sums[0], 1e-9);
    assertEquals(Arrays.stream(each, 60, 120).sum(), sums[1], 1e-9);
    assertEquals(Shape.of(2, 60, 256), decoder.logProbabilities().shape());
    Tensor levels = decoder.mostLikely();
    assertEquals(DType.UINT8, levels.dtype());
    assertEquals(
        DiscretizedGaussian.value((int) levels.longs()[3]),
        DiscretizedGaussian.values(levels).doubles()[3]);
  }

  private static void assertRefused(String part, Executable call) {
    String message =
        requireNonNull(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }

  @Test
  void wrongProcesses() {
    assertRefused("at least one beta", () -> GaussianDiffusion.ofBetas());
    assertRefused("was 0.0", () -> GaussianDiffusion.ofBetas(0.1, 0));
    assertRefused("was 1.5", () -> GaussianDiffusion.ofBetas(1.5));
    assertRefused("got 0", () -> GaussianDiffusion.linear(0));
    assertRefused("must be in (0, 1]", () -> GaussianDiffusion.linear(10));
    assertRefused("got -1", () -> GaussianDiffusion.cosine(-1));
    assertRefused("step 50 is not in 0..49", () -> LINEAR.beta(50));
    assertRefused("step -1", () -> LINEAR.alphaCumprodPrevious(-1));
    assertRefused(
        "shapes [1, 1, 1, 120] and [2]",
        () -> LINEAR.sample(levels(), Tensor.zeros(Shape.of(2)), 0));
    assertRefused("timestep 60", () -> LINEAR.respaced(new Respacing(List.of(0, 60))));
  }

  @Test
  void wrongRespacings() {
    assertRefused("no whole stride", () -> Respacing.parse(10, "ddim7"));
    assertRefused("section 0 has 5 steps, of which 6", () -> Respacing.parse(10, "6,2"));
    assertRefused("ddimN", () -> Respacing.parse(10, "half"));
    assertRefused("ddimN", () -> Respacing.parse(10, "5,,2"));
    assertRefused("ddimN", () -> Respacing.parse(10, "-3"));
    assertRefused("at least one timestep", () -> Respacing.parse(10, "0"));
    assertRefused("got 0", () -> Respacing.parse(0, "1"));
    assertRefused("must rise", () -> new Respacing(List.of(3, 3)));
    assertRefused("must rise", () -> new Respacing(List.of(-1, 3)));
  }

  @Test
  void wrongOutputs() {
    Tensor x = Tensor.zeros(Shape.of(1, 3, 2, 2));
    var fixed = ReverseProcess.of(LINEAR, PredictionType.EPSILON, ModelVariance.FIXED_SMALL);
    var learned = ReverseProcess.of(LINEAR, PredictionType.EPSILON, ModelVariance.LEARNED);
    assertRefused(
        "it must be [1, 3, 2, 2]", () -> fixed.step(Tensor.zeros(Shape.of(1, 6, 2, 2)), x, 0));
    assertRefused("it must be [1, 6, 2, 2]", () -> learned.step(x, x, 0));
    assertRefused("was 0.0", () -> learned.step(Tensor.zeros(Shape.of(1, 6, 2, 2)), x, 0));
    assertRefused("[batch, channels", () -> fixed.step(x, Tensor.zeros(Shape.of(3)), 0));
    assertRefused("dynamic", () -> fixed.clipping(Clipping.dynamic(0.9, 2)));
    assertRefused(
        "flow",
        () -> ReverseProcess.of(LINEAR, PredictionType.FLOW_PREDICTION, ModelVariance.FIXED_SMALL));
    var terminal = GaussianDiffusion.ofBetas(0.1, 1);
    assertRefused(
        "pure noise",
        () ->
            ReverseProcess.of(terminal, PredictionType.EPSILON, ModelVariance.FIXED_SMALL)
                .step(x, x, 1));
  }

  @Test
  void wrongPicturesAndSamplings() {
    var likelihood = Likelihood.of(idealProcess(LINEAR, PredictionType.SAMPLE));
    PredictionFunction network = ideal(LINEAR, PredictionType.SAMPLE);
    assertRefused(
        "[batch, channels",
        () -> likelihood.evaluate(Tensor.zeros(Shape.of(3)), network, twoPoints()));
    assertRefused(
        "were [0, 3]",
        () -> likelihood.evaluate(Tensor.zeros(Shape.of(0, 3)), network, twoPoints()));
    assertRefused(
        "50 strata need more than the 50 steps",
        () ->
            likelihood
                .sampling(StepSampling.stratified(50))
                .evaluate(levels(), network, twoPoints()));
    assertRefused("were 0", () -> StepSampling.stratified(0));
    assertRefused("were 0", () -> StepSampling.all().withDraws(0));
    assertRefused("was 256", () -> DiscretizedGaussian.value(256));
    var standard = DiagonalGaussian.standard(Shape.of(2));
    assertRefused(
        "shape [3]",
        () -> DiscretizedGaussian.of(standard).logProbability(Tensor.zeros(Shape.of(3))));
    assertRefused(
        "not a scalar",
        () ->
            DiscretizedGaussian.of(DiagonalGaussian.standard(Shape.scalar()))
                .logLikelihood(Tensor.scalar(0f)));
    assertRefused("[2] and [3]", () -> standard.kl(DiagonalGaussian.standard(Shape.of(3))));
    assertRefused("noise of shape [3]", () -> standard.sample(Tensor.zeros(Shape.of(3))));
    assertRefused(
        "log variances",
        () -> DiagonalGaussian.of(Tensor.zeros(Shape.of(2)), Tensor.zeros(Shape.of(1))));
  }
}
