package dev.palimpsest.likelihood;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

class LikelihoodPropertiesTest {
  private static final int MANY = 100_000;

  @Provide
  Arbitrary<GaussianDiffusion> processes() {
    Arbitrary<GaussianDiffusion> free =
        Arbitraries.doubles()
            .between(1e-5, 0.999)
            .ofScale(6)
            .array(double[].class)
            .ofMinSize(2)
            .ofMaxSize(20)
            .map(GaussianDiffusion::ofBetas);
    Arbitrary<Integer> steps = Arbitraries.integers().between(25, 200);
    return Arbitraries.oneOf(
        free, steps.map(GaussianDiffusion::linear), steps.map(GaussianDiffusion::cosine));
  }

  @Provide
  Arbitrary<double[]> gaussians() {
    return Combinators.combine(
            Arbitraries.doubles().between(-3, 3).ofScale(6),
            Arbitraries.doubles().between(-12, 4).ofScale(6))
        .as((mean, logVariance) -> new double[] {mean, logVariance});
  }

  private static DiagonalGaussian gaussian(double[] moments) {
    return DiagonalGaussian.of(scalar(moments[0]), scalar(moments[1]));
  }

  private static Tensor scalar(double value) {
    return Tensor.of(Shape.of(1, 1), value);
  }

  /** q(x_{t-1} | x_t, x_0) ∝ q(x_t | x_{t-1}) q(x_{t-1} | x_0): a product of two Gaussians. */
  @Property(tries = 200)
  void posteriorIsBayes(
      @ForAll("processes") GaussianDiffusion q,
      @ForAll @IntRange(min = 0, max = 1000) int at,
      @ForAll @DoubleRange(min = -1, max = 1) double x0,
      @ForAll @DoubleRange(min = -3, max = 3) double xt) {
    bayes(q, 1 + at % (q.steps() - 1), x0, xt);
  }

  @Property(tries = MANY)
  @Tag("slow")
  void posteriorIsBayesManyTimes(
      @ForAll("processes") GaussianDiffusion q,
      @ForAll @IntRange(min = 0, max = 1000) int at,
      @ForAll @DoubleRange(min = -1, max = 1) double x0,
      @ForAll @DoubleRange(min = -3, max = 3) double xt) {
    bayes(q, 1 + at % (q.steps() - 1), x0, xt);
  }

  private static void bayes(GaussianDiffusion q, int t, double x0, double xt) {
    double beta = q.beta(t);
    DiagonalGaussian before = q.marginal(scalar(x0), t - 1);
    double priorPrecision = Math.exp(-before.logVariance(0));
    double likelihoodPrecision = (1 - beta) / beta; // of x_t = sqrt(1 - beta) x_{t-1} + noise
    double variance = 1 / (priorPrecision + likelihoodPrecision);
    double mean =
        variance
            * (before.mean(0) * priorPrecision + likelihoodPrecision * xt / Math.sqrt(1 - beta));
    DiagonalGaussian posterior = q.posterior(scalar(x0), scalar(xt), t);
    assertEquals(mean, posterior.mean(0), 1e-6);
    assertEquals(Math.log(variance), posterior.logVariance(0), 1e-6);
  }

  @Property(tries = 200)
  void divergenceIsPositiveAndZeroForEquals(
      @ForAll("gaussians") double[] one, @ForAll("gaussians") double[] other) {
    divergence(one, other);
  }

  @Property(tries = MANY)
  @Tag("slow")
  void divergenceIsPositiveManyTimes(
      @ForAll("gaussians") double[] one, @ForAll("gaussians") double[] other) {
    divergence(one, other);
  }

  private static void divergence(double[] one, double[] other) {
    assertEquals(0, kl(one, one));
    double distance = Math.abs(one[0] - other[0]) + Math.abs(one[1] - other[1]);
    if (distance > 1e-5) {
      assertTrue(kl(one, other) > 0, () -> "KL " + kl(one, other));
    }
  }

  private static double kl(double[] one, double[] other) {
    return gaussian(one).kl(gaussian(other)).doubles()[0];
  }

  @Property(tries = 200)
  void levelsSumToOne(@ForAll("gaussians") double[] moments, @ForAll NormalCdf cdf) {
    sumToOne(moments, cdf);
  }

  @Property(tries = MANY)
  @Tag("slow")
  void levelsSumToOneManyTimes(@ForAll("gaussians") double[] moments, @ForAll NormalCdf cdf) {
    sumToOne(moments, cdf);
  }

  /** Up to the floor of 1e-12 under each of them; with that, three more facts. */
  private static void sumToOne(double[] moments, NormalCdf cdf) {
    var decoder = DiscretizedGaussian.of(gaussian(moments)).cdf(cdf);
    double[] log = decoder.logProbabilities().doubles();
    double sum = 0;
    double mean = 0;
    int best = 0;
    for (int level = 0; level < log.length; level++) {
      double probability = Math.exp(log[level]);
      sum += probability;
      mean += probability * DiscretizedGaussian.value(level);
      best = log[level] > log[best] ? level : best;
      double direct = decoder.logProbability(scalar(DiscretizedGaussian.value(level))).doubles()[0];
      assertEquals(log[level], direct);
    }
    assertEquals(1, sum, 1e-9);
    assertEquals(mean, decoder.expected().doubles()[0], 1e-9);
    double likely = log[(int) decoder.mostLikely().longs()[0]];
    assertEquals(log[best], likely, 1e-9, "the most likely level");
  }

  /** With the exact function, a sample is the nearest level to a sample of the Gaussian. */
  @Property(tries = 200)
  void samplesAreRoundedSamples(
      @ForAll("gaussians") double[] moments, @ForAll @DoubleRange(min = -3, max = 3) double z) {
    DiagonalGaussian gaussian = gaussian(moments);
    double x = moments[0] + Math.exp(0.5 * moments[1]) * z;
    double level = Math.min(Math.max((x + 1) * 127.5, 0), 255);
    Tensor noise = Tensor.of(Shape.of(1, 1), z);
    Tensor sample = DiscretizedGaussian.of(gaussian).cdf(NormalCdf.ERF).sample(shape -> noise);
    assertEquals(level, sample.longs()[0], 0.5 + 1e-6);
  }

  @Property(tries = 100)
  void respacingKeepsAlphasCumprod(
      @ForAll("processes") GaussianDiffusion q,
      @ForAll Set<@IntRange(min = 0, max = 200) Integer> picks) {
    var kept = new TreeSet<>(Set.of(q.steps() - 1));
    picks.forEach(pick -> kept.add(pick % q.steps()));
    Respacing respacing = new Respacing(List.copyOf(kept));
    GaussianDiffusion respaced = q.respaced(respacing);
    assertEquals(kept.size(), respaced.steps());
    for (int i = 0; i < respaced.steps(); i++) {
      int t = respacing.timesteps().get(i);
      assertEquals(t, respaced.timestep(i));
      double want = q.alphaCumprod(t);
      assertEquals(want, respaced.alphaCumprod(i), 1e-12 + 1e-9 * want);
    }
  }

  @Property(tries = 100)
  void sectionsKeepTheirCounts(
      @ForAll @IntRange(min = 1, max = 1000) int steps,
      @ForAll @IntRange(min = 1, max = 8) int sections,
      @ForAll @IntRange(min = 1, max = 1000) int count) {
    int each = 1 + count % Math.max(steps / sections, 1);
    if (steps < sections) {
      return;
    }
    String description = String.join(",", Collections.nCopies(sections, "" + each));
    Respacing respacing = Respacing.parse(steps, description);
    assertEquals(each * sections, respacing.timesteps().size());
    assertEquals(0, respacing.timesteps().get(0));
    double[] falling = respacing.falling();
    assertTrue(falling[0] < steps);
    assertEquals(0, falling[falling.length - 1]);
  }

  /** The strata and the decoder's step divide all steps, whatever their number. */
  @Property(tries = 200)
  void strataDivideTheSteps(
      @ForAll @IntRange(min = 2, max = 2000) int steps, @ForAll @IntRange(max = 2000) int pick) {
    var sampling = StepSampling.stratified(1 + pick % (steps - 1));
    int[] starts = sampling.starts(steps);
    assertEquals(sampling.strata() + 1, starts.length);
    assertEquals(1, starts[0]);
    assertEquals(steps, starts[starts.length - 1]);
    for (int j = 1; j < starts.length; j++) {
      assertTrue(starts[j - 1] < starts[j]);
    }
  }

  @Property(tries = 50)
  void samplesOfTheMarginalHaveItsMoments(
      @ForAll("processes") GaussianDiffusion q,
      @ForAll @IntRange(min = 0, max = 1 << 20) int seed) {
    int t = seed % q.steps();
    Shape shape = Shape.of(1, 4096);
    double[] x0 = new double[4096];
    Arrays.fill(x0, 0.5);
    Tensor noise = NoiseSource.torch(seed).gaussian(shape);
    double[] xt = q.sample(Tensor.of(shape, x0), noise, t).doubles();
    DiagonalGaussian marginal = q.marginal(Tensor.of(shape, x0), t);
    double sum = 0;
    double squares = 0;
    for (double x : xt) {
      double z = (x - marginal.mean(0)) / marginal.deviation(0);
      sum += z;
      squares += z * z;
    }
    assertEquals(0, sum / xt.length, 6 / 64.0);
    assertEquals(1, squares / xt.length, 6 * Math.sqrt(2) / 64);
  }
}
