package dev.palimpsest.examples.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.DiagonalGaussian;
import dev.palimpsest.likelihood.DiscretizedGaussian;
import dev.palimpsest.likelihood.GaussianDiffusion;
import dev.palimpsest.likelihood.Likelihood;
import dev.palimpsest.likelihood.ModelVariance;
import dev.palimpsest.likelihood.PredictionFunction;
import dev.palimpsest.likelihood.ReverseProcess;
import dev.palimpsest.likelihood.StepTerm;
import dev.palimpsest.likelihood.VariationalBound;
import dev.palimpsest.scheduler.Clipping;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Area {@code ddpm_math}: the mathematics of improved-diffusion, in float64. */
final class LikelihoodCases {
  private LikelihoodCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("posterior_tables", LikelihoodCases::posteriorTables);
    kinds.put("q_posterior", LikelihoodCases::posterior);
    kinds.put("normal_kl", LikelihoodCases::normalKl);
    kinds.put("dgll", LikelihoodCases::decoder);
    kinds.put("vb_terms", LikelihoodCases::boundTerms);
    kinds.put("bits_per_dim", LikelihoodCases::bitsPerDim);
  }

  private static void posteriorTables(ConformanceCase c) {
    GaussianDiffusion q = diffusion(c);
    c.put("betas", table(q, q::beta));
    c.put("alphas_cumprod", table(q, q::alphaCumprod));
    c.put("posterior_variance", table(q, q::posteriorVariance));
    c.put("posterior_log_variance_clipped", table(q, q::posteriorLogVariance));
    c.put("posterior_mean_coef1", table(q, q::posteriorMeanOfClean));
    c.put("posterior_mean_coef2", table(q, q::posteriorMeanOfNoisy));
  }

  private static void posterior(ConformanceCase c) throws IOException {
    GaussianDiffusion q = diffusion(c);
    Tensor x0 = c.input("x0");
    List<Tensor> noise = rows(c.input("noise"));
    long[] timesteps = c.input("timesteps").longs();
    var states = new ArrayList<Tensor>();
    var means = new ArrayList<Tensor>();
    double[] variances = new double[timesteps.length];
    double[] logVariances = new double[timesteps.length];
    for (int i = 0; i < timesteps.length; i++) {
      int t = (int) timesteps[i];
      Tensor xt = q.sample(x0, noise.get(i), t);
      states.add(xt);
      means.add(q.posterior(x0, xt, t).mean());
      variances[i] = q.posteriorVariance(t);
      logVariances[i] = q.posteriorLogVariance(t);
    }
    c.put("x_t", stack(states));
    c.put("posterior_mean", stack(means));
    c.put("posterior_variance", Tensor.of(Shape.of(variances.length), variances));
    c.put("posterior_log_variance_clipped", Tensor.of(Shape.of(variances.length), logVariances));
  }

  private static void normalKl(ConformanceCase c) throws IOException {
    DiagonalGaussian one = DiagonalGaussian.of(c.input("mean1"), c.input("logvar1"));
    DiagonalGaussian other = DiagonalGaussian.of(c.input("mean2"), c.input("logvar2"));
    c.put("kl_nats", one.kl(other));
  }

  private static void decoder(ConformanceCase c) throws IOException {
    Tensor logScales = c.input("log_scales");
    double[] logVariances = Arrays.stream(logScales.doubles()).map(s -> 2 * s).toArray();
    Tensor logVariance = Tensor.of(logScales.shape(), logVariances);
    DiagonalGaussian gaussian = DiagonalGaussian.of(c.input("means"), logVariance);
    c.put("log_likelihood_nats", DiscretizedGaussian.of(gaussian).logProbability(c.input("x")));
  }

  private static void boundTerms(ConformanceCase c) throws IOException {
    ReverseProcess p = process(c);
    PredictionFunction network = network(p.variance());
    VariationalBound bound = VariationalBound.of(p);
    Tensor x0 = c.input("x0");
    List<Tensor> states = rows(c.input("x_t"));
    long[] timesteps = c.input("timesteps").longs();
    var bits = new ArrayList<Tensor>();
    var steps = new ArrayList<ReverseProcess.Step>();
    for (int i = 0; i < timesteps.length; i++) {
      int t = (int) timesteps[i];
      Tensor output = network.predict(states.get(i), t);
      bits.add(bound.term(x0, states.get(i), t, output));
      steps.add(p.step(output, states.get(i), t));
    }
    c.put("vb_bpd", stack(bits));
    c.put("model_mean", stack(steps.stream().map(step -> step.distribution().mean()).toList()));
    c.put(
        "model_log_variance",
        stack(steps.stream().map(step -> step.distribution().logVariance()).toList()));
    c.put("pred_x0", stack(steps.stream().map(ReverseProcess.Step::denoised).toList()));
  }

  private static void bitsPerDim(ConformanceCase c) throws IOException {
    ReverseProcess p = process(c);
    var noise = new ArrayList<>(rows(c.input("noise")));
    Collections.reverse(noise); // noise[t] is that of step t, and the last step is first
    List<BitsPerDim> bounds =
        Likelihood.of(p).evaluate(c.input("x0"), network(p.variance()), NoiseSource.replay(noise));
    c.put("vb", terms(bounds, StepTerm::bits));
    c.put("mse", terms(bounds, StepTerm::epsilonError));
    c.put("xstart_mse", terms(bounds, StepTerm::denoisedError));
    c.put("prior_bpd", vector(bounds.stream().mapToDouble(BitsPerDim::prior).toArray()));
    c.put("total_bpd", vector(bounds.stream().mapToDouble(BitsPerDim::total).toArray()));
  }

  /** [batch, steps], the last step first. */
  private static Tensor terms(List<BitsPerDim> bounds, ToDoubleFunction<StepTerm> field) {
    return stack(
        bounds.stream()
            .map(bound -> vector(bound.terms().stream().mapToDouble(field).toArray()))
            .toList());
  }

  private static GaussianDiffusion diffusion(ConformanceCase c) {
    JsonNode config = c.field("config");
    int steps = config.path("num_timesteps").asInt();
    String kind = config.path("kind").asText();
    return switch (kind) {
      case "linear" -> GaussianDiffusion.linear(steps);
      case "cosine" -> GaussianDiffusion.cosine(steps);
      default -> throw new IllegalArgumentException("schedule " + kind + " is not known");
    };
  }

  private static ReverseProcess process(ConformanceCase c) {
    JsonNode config = c.field("config");
    String type = config.path("variance_type").asText();
    ModelVariance variance =
        switch (type) {
          case "fixed_small" -> ModelVariance.FIXED_SMALL;
          case "fixed_large" -> ModelVariance.FIXED_LARGE;
          case "learned" -> ModelVariance.LEARNED_LOG; // as improved-diffusion has it
          case "learned_range" -> ModelVariance.LEARNED_RANGE;
          default -> throw new IllegalArgumentException("variance " + type + " is not known");
        };
    return ReverseProcess.of(diffusion(c), PredictionType.EPSILON, variance)
        .clipping(config.path("clip_denoised").asBoolean() ? Clipping.to(1) : Clipping.NONE);
  }

  /** The stand-in network of the area's description. */
  private static PredictionFunction network(ModelVariance variance) {
    return (x, t) -> {
      double[] in = x.doubles();
      int batch = (int) x.shape().dim(0);
      int size = in.length / batch;
      int parts = variance.isLearned() ? 2 : 1;
      double[] out = new double[parts * in.length];
      for (int i = 0; i < in.length; i++) {
        int at = i + i / size * (parts - 1) * size;
        out[at] = Math.tanh(0.7 * in[i] + 0.1 * Math.sin(t / 50.0));
        if (parts == 2) {
          out[at + size] = Math.sin(1.3 * in[i] + t / 100.0);
        }
      }
      return Tensor.of(x.shape().withDim(1, parts * x.shape().dim(1)), out);
    };
  }

  private interface Entry {
    double at(int t);
  }

  private static Tensor table(GaussianDiffusion q, Entry entry) {
    double[] values = new double[q.steps()];
    Arrays.setAll(values, entry::at);
    return vector(values);
  }

  private static Tensor vector(double[] values) {
    return Tensor.of(Shape.of(values.length), values);
  }

  /** Along a new first dimension, in float64. */
  private static Tensor stack(List<Tensor> parts) {
    Shape shape = parts.get(0).shape();
    long[] dims = new long[shape.rank() + 1];
    dims[0] = parts.size();
    System.arraycopy(shape.toArray(), 0, dims, 1, shape.rank());
    double[] all = parts.stream().flatMapToDouble(part -> Arrays.stream(part.doubles())).toArray();
    return Tensor.of(Shape.of(dims), all);
  }

  private static List<Tensor> rows(Tensor stacked) {
    long[] dims = stacked.shape().toArray();
    Shape one = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
    var rows = new ArrayList<Tensor>();
    for (int i = 0; i < dims[0]; i++) {
      rows.add(stacked.rows(i, i + 1).reshape(one));
    }
    return rows;
  }
}
