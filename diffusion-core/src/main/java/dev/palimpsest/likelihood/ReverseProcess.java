package dev.palimpsest.likelihood;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.scheduler.Clipping;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The reverse process p: what a network's output says of x_{t−1}.
 *
 * <p>Source: Ho et al. 2020, formulas 11 and 15; improved-diffusion's {@code
 * gaussian_diffusion.py}, {@code p_mean_variance}. Float64. Immutable.
 */
public final class ReverseProcess {
  private final GaussianDiffusion diffusion;
  private final PredictionType prediction;
  private final ModelVariance variance;
  private final Clipping clipping;

  private ReverseProcess(
      GaussianDiffusion diffusion,
      PredictionType prediction,
      ModelVariance variance,
      Clipping clipping) {
    this.diffusion = diffusion;
    this.prediction = prediction;
    this.variance = variance;
    this.clipping = clipping;
  }

  /**
   * The process of a network; its estimates of the clean sample are clipped to [−1, 1].
   *
   * @throws IllegalArgumentException for the velocity of a flow, which has no such process
   */
  public static ReverseProcess of(
      GaussianDiffusion diffusion, PredictionType prediction, ModelVariance variance) {
    checkArgument(
        prediction != PredictionType.FLOW_PREDICTION,
        "a flow's velocity has no diffusion process; EPSILON, V_PREDICTION and SAMPLE have");
    return new ReverseProcess(diffusion, prediction, variance, Clipping.to(1));
  }

  /**
   * This process with estimates of the clean sample clipped otherwise.
   *
   * @throws IllegalArgumentException for dynamic thresholding
   */
  public ReverseProcess clipping(Clipping other) {
    checkArgument(
        other.kind() != Clipping.Kind.DYNAMIC,
        "a bound with dynamic thresholding is not computed; NONE and a fixed range are");
    return new ReverseProcess(diffusion, prediction, variance, other);
  }

  public GaussianDiffusion diffusion() {
    return diffusion;
  }

  public PredictionType prediction() {
    return prediction;
  }

  public ModelVariance variance() {
    return variance;
  }

  /**
   * One step.
   *
   * @param output the network's for x_t: of its shape, or with twice the channels if the variance
   *     is learned
   * @param xt [batch, channels, ...]
   * @param t the step, of {@link #diffusion}
   */
  public Step step(Tensor output, Tensor xt, int t) {
    Shape shape = xt.shape();
    checkArgument(shape.rank() >= 2, "a state must be [batch, channels, ...], was %s", shape);
    Shape expected = variance.isLearned() ? shape.withDim(1, 2 * shape.dim(1)) : shape;
    checkArgument(
        output.shape().equals(expected),
        "the network's output has shape %s; for a state of shape %s and variance %s it must be %s",
        output.shape(),
        shape,
        variance,
        expected);
    double[] all = output.doubles();
    int elements = Math.toIntExact(shape.elements());
    double[] first = variance.isLearned() ? half(all, shape, 0) : all;
    double @Nullable [] second = variance.isLearned() ? half(all, shape, 1) : null;
    Tensor x0 = Tensor.of(shape, denoised(first, xt.doubles(), t));
    double[] mean =
        GaussianDiffusion.combine(
            diffusion.posteriorMeanOfClean(t), x0, diffusion.posteriorMeanOfNoisy(t), xt);
    double[] logVariance = variance.logVariance(diffusion, t, second, elements);
    return new Step(DiagonalGaussian.of(shape, mean, logVariance), x0, Tensor.of(shape, first));
  }

  /**
   * What a network says at a step.
   *
   * @param distribution p(x_{t−1} | x_t)
   * @param denoised the estimate of x_0, clipped
   * @param output the network's output without the variance
   */
  public record Step(DiagonalGaussian distribution, Tensor denoised, Tensor output) {}

  /** What the network is to return for x_t: float64 of its shape. */
  Tensor target(Tensor x0, Tensor noise, int t) {
    return switch (prediction) {
      case EPSILON -> noise;
      case SAMPLE -> x0;
      case V_PREDICTION -> {
        double alphaBar = diffusion.alphaCumprod(t);
        yield Tensor.of(
            x0.shape(),
            GaussianDiffusion.combine(Math.sqrt(alphaBar), noise, -Math.sqrt(1 - alphaBar), x0));
      }
      case FLOW_PREDICTION -> throw new AssertionError(prediction);
    };
  }

  private double[] denoised(double[] output, double[] x, int t) {
    double alpha = Math.sqrt(diffusion.alphaCumprod(t));
    double sigma = Math.sqrt(1 - diffusion.alphaCumprod(t));
    checkArgument(
        alpha > 0 || prediction != PredictionType.EPSILON,
        "step %s is pure noise, from which predicted noise tells no clean sample",
        t);
    double[] x0 = new double[x.length];
    for (int i = 0; i < x0.length; i++) {
      x0[i] =
          switch (prediction) {
            case EPSILON -> (x[i] - sigma * output[i]) / alpha;
            case SAMPLE -> output[i];
            case V_PREDICTION -> alpha * x[i] - sigma * output[i];
            case FLOW_PREDICTION -> throw new AssertionError(prediction);
          };
      if (clipping.kind() == Clipping.Kind.CLIP) {
        x0[i] = Math.min(Math.max(x0[i], -clipping.range()), clipping.range());
      }
    }
    return x0;
  }

  /** The first or second half of each row's channels. */
  private static double[] half(double[] output, Shape shape, int which) {
    int batch = Math.toIntExact(shape.dim(0));
    int size = output.length / 2 / Math.max(batch, 1);
    double[] half = new double[output.length / 2];
    for (int row = 0; row < batch; row++) {
      System.arraycopy(output, (2 * row + which) * size, half, row * size, size);
    }
    return half;
  }

  @Override
  public String toString() {
    return prediction + ", " + variance + " on " + diffusion;
  }
}
