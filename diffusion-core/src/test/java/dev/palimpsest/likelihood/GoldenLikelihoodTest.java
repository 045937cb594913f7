package dev.palimpsest.likelihood;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.scheduler.Clipping;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/** All golden cases of improved-diffusion's mathematics. */
class GoldenLikelihoodTest {
  private final GoldenArrays golden = GoldenArrays.read("ddpm_math");
  private int cases;

  GoldenLikelihoodTest() throws IOException {}

  @Test
  void posteriorTables() {
    for (JsonNode c : golden.cases("posterior_tables")) {
      GaussianDiffusion q = diffusion(c);
      compare(c, "betas", table(q, q::beta));
      compare(c, "alphas_cumprod", table(q, q::alphaCumprod));
      compare(c, "posterior_variance", table(q, q::posteriorVariance));
      compare(c, "posterior_log_variance_clipped", table(q, q::posteriorLogVariance));
      compare(c, "posterior_mean_coef1", table(q, q::posteriorMeanOfClean));
      compare(c, "posterior_mean_coef2", table(q, q::posteriorMeanOfNoisy));
      cases++;
    }
    assertEquals(2, cases);
  }

  @Test
  void posteriors() {
    for (JsonNode c : golden.cases("q_posterior")) {
      GaussianDiffusion q = diffusion(c);
      Tensor x0 = input(c, "x0");
      long[] timesteps = input(c, "timesteps").longs();
      for (int i = 0; i < timesteps.length; i++) {
        int t = (int) timesteps[i];
        Tensor xt = q.sample(x0, row(input(c, "noise"), i), t);
        DiagonalGaussian posterior = q.posterior(x0, xt, t);
        compareRow(c, "x_t", i, xt.doubles());
        compareRow(c, "posterior_mean", i, posterior.mean().doubles());
        compareRow(c, "posterior_variance", i, q.posteriorVariance(t));
        compareRow(c, "posterior_log_variance_clipped", i, posterior.logVariance(0));
      }
      cases++;
    }
    assertEquals(2, cases);
  }

  @Test
  void divergences() {
    for (JsonNode c : golden.cases("normal_kl")) {
      DiagonalGaussian one = DiagonalGaussian.of(input(c, "mean1"), input(c, "logvar1"));
      DiagonalGaussian other = DiagonalGaussian.of(input(c, "mean2"), input(c, "logvar2"));
      compare(c, "kl_nats", one.kl(other).doubles());
      cases++;
    }
    assertEquals(1, cases);
  }

  @Test
  void decoder() {
    for (JsonNode c : golden.cases("dgll")) {
      Tensor scales = input(c, "log_scales");
      double[] logVariance = Arrays.stream(scales.doubles()).map(s -> 2 * s).toArray();
      var gaussian = DiagonalGaussian.of(input(c, "means"), Tensor.of(scales.shape(), logVariance));
      compare(
          c,
          "log_likelihood_nats",
          DiscretizedGaussian.of(gaussian).logProbability(input(c, "x")).doubles());
      cases++;
    }
    assertEquals(1, cases);
  }

  @Test
  void boundTerms() {
    for (JsonNode c : golden.cases("vb_terms")) {
      ReverseProcess p = process(c);
      long[] timesteps = input(c, "timesteps").longs();
      for (int i = 0; i < timesteps.length; i++) {
        int t = (int) timesteps[i];
        Tensor xt = row(input(c, "x_t"), i);
        Tensor output = network(p).predict(xt, t);
        ReverseProcess.Step step = p.step(output, xt, t);
        Tensor bits = VariationalBound.of(p).term(input(c, "x0"), xt, t, output);
        compareRow(c, "vb_bpd", i, bits.doubles());
        compareRow(c, "model_mean", i, step.distribution().mean().doubles());
        compareRow(c, "model_log_variance", i, step.distribution().logVariance().doubles());
        compareRow(c, "pred_x0", i, step.denoised().doubles());
      }
      cases++;
    }
    assertEquals(12, cases);
  }

  @Test
  void bitsPerDim() {
    for (JsonNode c : golden.cases("bits_per_dim")) {
      ReverseProcess p = process(c);
      List<Tensor> noise = new ArrayList<>();
      for (int t = p.diffusion().steps() - 1; t >= 0; t--) {
        noise.add(row(input(c, "noise"), t));
      }
      List<BitsPerDim> bounds =
          Likelihood.of(p).evaluate(input(c, "x0"), network(p), NoiseSource.replay(noise));
      for (int i = 0; i < bounds.size(); i++) {
        BitsPerDim bound = bounds.get(i);
        compareRow(c, "vb", i, terms(bound, StepTerm::bits));
        compareRow(c, "mse", i, terms(bound, StepTerm::epsilonError));
        compareRow(c, "xstart_mse", i, terms(bound, StepTerm::denoisedError));
        compareRow(c, "prior_bpd", i, bound.prior());
        compareRow(c, "total_bpd", i, bound.total());
        assertTrue(bound.standardError().isEmpty());
      }
      cases++;
    }
    assertEquals(2, cases);
  }

  private static double[] terms(BitsPerDim bound, ToDoubleFunction<StepTerm> field) {
    return bound.terms().stream().mapToDouble(field).toArray();
  }

  private static GaussianDiffusion diffusion(JsonNode c) {
    int steps = c.get("config").get("num_timesteps").asInt();
    return c.get("config").get("kind").asText().equals("cosine")
        ? GaussianDiffusion.cosine(steps)
        : GaussianDiffusion.linear(steps);
  }

  private static ReverseProcess process(JsonNode c) {
    JsonNode config = c.get("config");
    var variance =
        ModelVariance.valueOf(config.get("variance_type").asText().toUpperCase(Locale.ROOT));
    return ReverseProcess.of(diffusion(c), PredictionType.EPSILON, variance)
        .clipping(config.get("clip_denoised").asBoolean() ? Clipping.to(1) : Clipping.NONE);
  }

  private static PredictionFunction network(ReverseProcess p) {
    return (x, t) -> {
      double[] in = x.doubles();
      int batch = (int) x.shape().dim(0);
      int size = in.length / batch;
      int parts = p.variance().isLearned() ? 2 : 1;
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

  private static double[] table(GaussianDiffusion q, IntToDoubleFunction entry) {
    double[] values = new double[q.steps()];
    Arrays.setAll(values, entry);
    return values;
  }

  private Tensor input(JsonNode c, String name) {
    return golden.array(c.get("inputs").get(name).get("key").asText());
  }

  private static Tensor row(Tensor stacked, int i) {
    long[] dims = stacked.shape().toArray();
    return stacked.rows(i, i + 1).reshape(Shape.of(Arrays.copyOfRange(dims, 1, dims.length)));
  }

  private void compare(JsonNode c, String name, double[] got) {
    compare(c, name, golden.expected(c, name), got);
  }

  private void compareRow(JsonNode c, String name, int i, double... got) {
    compare(c, name, golden.expected(c, name).rows(i, i + 1), got);
  }

  private static void compare(JsonNode c, String name, Tensor expected, double[] got) {
    double atol = c.get("tolerance").get("atol").asDouble();
    double rtol = c.get("tolerance").get("rtol").asDouble();
    double[] want = expected.doubles();
    assertEquals(want.length, got.length);
    for (int i = 0; i < want.length; i++) {
      String where = c.get("id").asText() + " " + name + " [" + i + "]";
      assertEquals(want[i], got[i], atol + rtol * Math.abs(want[i]), where);
    }
  }
}
