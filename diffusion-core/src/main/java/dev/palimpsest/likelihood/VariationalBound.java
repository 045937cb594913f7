package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The variational bound L = L_T + Σ L_{t−1} + L_0 on −log p(x_0), term by term, in bits per
 * dimension.
 *
 * <p>Source: Ho et al. 2020, formula 5; improved-diffusion's {@code gaussian_diffusion.py}, {@code
 * _vb_terms_bpd}, {@code _prior_bpd} and {@code calc_bpd_loop}. Float64. Immutable.
 */
public final class VariationalBound {
  private static final double LOG_2 = Math.log(2);

  private final ReverseProcess process;
  private final NormalCdf cdf;

  private VariationalBound(ReverseProcess process, NormalCdf cdf) {
    this.process = process;
    this.cdf = cdf;
  }

  /** Of a reverse process, with the decoder's {@link NormalCdf#TANH}. */
  public static VariationalBound of(ReverseProcess process) {
    return new VariationalBound(process, NormalCdf.TANH);
  }

  /** This bound with another distribution function in the decoder. */
  public VariationalBound cdf(NormalCdf other) {
    return new VariationalBound(process, other);
  }

  public ReverseProcess process() {
    return process;
  }

  /**
   * L_T = KL(q(x_T | x_0) ‖ N(0, I)): float64 [batch], bits per dimension. No network has a part in
   * it.
   */
  public Tensor prior(Tensor x0) {
    GaussianDiffusion q = process.diffusion();
    DiagonalGaussian last = q.marginal(x0, q.steps() - 1);
    return bits(last.kl(DiagonalGaussian.standard(x0.shape())));
  }

  /**
   * The term of a step: L_{t} for t &gt; 0, the decoder's for t = 0.
   *
   * @param x0 pictures [batch, channels, ...], levels in [−1, 1]
   * @param xt a sample of q(x_t | x_0)
   * @param output the network's for x_t
   * @return float64 [batch], bits per dimension
   */
  public Tensor term(Tensor x0, Tensor xt, int t, Tensor output) {
    return term(x0, xt, t, process.step(output, xt, t));
  }

  private Tensor term(Tensor x0, Tensor xt, int t, ReverseProcess.Step step) {
    if (t > 0) {
      return bits(process.diffusion().posterior(x0, xt, t).kl(step.distribution()));
    }
    var decoder = DiscretizedGaussian.of(step.distribution()).cdf(cdf);
    double[] rows = bits(decoder.logProbability(x0)).doubles();
    for (int i = 0; i < rows.length; i++) {
      rows[i] = -rows[i];
    }
    return Tensor.of(Shape.of(rows.length), rows);
  }

  /**
   * Everything about a step, one for each picture of the batch.
   *
   * @param x0 pictures [batch, channels, ...], levels in [−1, 1]
   * @param noise standard normal, of x_0's shape
   * @param network is asked once, for the whole batch
   */
  public List<StepTerm> terms(Tensor x0, Tensor noise, int t, PredictionFunction network) {
    GaussianDiffusion q = process.diffusion();
    Tensor xt = q.sample(x0, noise, t);
    ReverseProcess.Step step = process.step(network.predict(xt, q.timestep(t)), xt, t);
    double[] bits = term(x0, xt, t, step).doubles();
    Tensor implied = q.noise(step.denoised(), xt, t);
    double[] simple = meanSquares(step.output(), process.target(x0, noise, t));
    double[] ofDenoised = meanSquares(step.denoised(), x0);
    double[] ofEpsilon = meanSquares(implied, noise);
    List<StepTerm> terms = new ArrayList<>();
    for (int i = 0; i < bits.length; i++) {
      terms.add(new StepTerm(t, q.timestep(t), bits[i], simple[i], ofDenoised[i], ofEpsilon[i]));
    }
    return List.copyOf(terms);
  }

  private static double[] meanSquares(Tensor a, Tensor b) {
    double[] difference = GaussianDiffusion.combine(1, a, -1, b);
    for (int i = 0; i < difference.length; i++) {
      difference[i] *= difference[i];
    }
    return means(difference, a);
  }

  private static Tensor bits(Tensor nats) {
    double[] rows = means(nats.doubles(), nats);
    for (int i = 0; i < rows.length; i++) {
      rows[i] /= LOG_2;
    }
    return Tensor.of(Shape.of(rows.length), rows);
  }

  /** The mean of each row of the outermost dimension. */
  private static double[] means(double[] values, Tensor shaped) {
    checkArgument(shaped.shape().rank() > 0 && values.length > 0, "no pictures in %s", shaped);
    double[] rows = new double[Math.toIntExact(shaped.shape().dim(0))];
    int size = values.length / rows.length;
    for (int i = 0; i < values.length; i++) {
      rows[i / size] += values[i] / size;
    }
    return rows;
  }
}
