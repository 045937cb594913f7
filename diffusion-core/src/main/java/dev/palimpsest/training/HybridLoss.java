package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/**
 * L_hybrid = L_simple + λ L_vlb (Nichol and Dhariwal 2021, section 3), where L_vlb trains the
 * variance only: in bits per dimension, a divergence of normals for t > 0 and the discretised
 * decoder for t = 0. λ is T / 1000 as in the reference's "rescaled mse". Reference:
 * improved-diffusion gaussian_diffusion.py, {@code training_losses}.
 */
final class HybridLoss implements DiffusionLoss {
  private static final String ORIGINAL = "original";
  private static final String NOISE = "target";
  private static final float LN2 = (float) Math.log(2);
  private static final float LEAST = 1e-12f;

  /*
   * Both means are the same combination of x_t and an x_0, so their difference is that of the
   * noises times a number of the timestep, and so is x_0 less the mean where t = 0. The variance is
   * interpolated in its logarithm between β and the posterior's, which is that of t = 1 where t = 0.
   */
  private static final String MEAN_SCALE = "mean_scale";
  private static final String LOG_BETA = "log_beta";
  private static final String LOG_POSTERIOR = "log_posterior_variance";
  private static final String IS_DECODED = "is_first_timestep";

  private final NoiseSchedule schedule;

  /** ᾱ in float64, as 1 - ᾱ has few digits in float32 where t is small. */
  private final double[] alphaBars;

  HybridLoss(NoiseSchedule schedule) {
    checkArgument(schedule.timesteps() > 1, "a posterior needs two timesteps, %s", schedule);
    this.schedule = schedule;
    this.alphaBars = new double[schedule.timesteps()];
    double product = 1;
    for (int t = 0; t < alphaBars.length; t++) {
      product *= 1 - (double) schedule.beta(t);
      alphaBars[t] = product;
    }
  }

  @Override
  public NoiseSchedule schedule() {
    return schedule;
  }

  @Override
  public PredictionType prediction() {
    return PredictionType.EPSILON;
  }

  @Override
  public int channelFactor() {
    return 2;
  }

  @Override
  public Value of(Value prediction) {
    long channels = prediction.dim(1).size() / 2;
    checkArgument(
        prediction.dim(1).is(2 * channels),
        "a learned variance needs an even number of channels, the network gives %s",
        prediction);
    List<Value> parts = prediction.split(1, channels, channels);
    Value epsilon = parts.get(0);
    Value noise = Value.input(NOISE, DType.FLOAT32, epsilon.dims());
    Value bound = bound(epsilon.detached().sub(noise), parts.get(1));
    return Losses.meanSquaredError(epsilon, noise)
        .add(Losses.mean(bound).mul(schedule.timesteps() / 1000f / LN2));
  }

  /** The terms of the bound in nats, for each row. */
  private static Value bound(Value error, Value interpolation) {
    Value posterior = perRow(LOG_POSTERIOR, error);
    Value share = interpolation.add(1f).mul(0.5f);
    Value logVariance = share.mul(perRow(LOG_BETA, error).sub(posterior)).add(posterior);
    Value difference = error.mul(perRow(MEAN_SCALE, error));
    Value decoded = perRow(IS_DECODED, error).reshape(-1);
    Value nll = Losses.perRow(decoder(difference, logVariance)).neg();
    Value kl = Losses.perRow(divergence(difference, logVariance, posterior));
    return kl.add(decoded.mul(nll.sub(kl)));
  }

  private static Value perRow(String name, Value like) {
    return Value.input(name, DType.FLOAT32, Dims.of(like.dim(0))).unsqueeze(1, 2, 3);
  }

  private static Value divergence(Value difference, Value logVariance, Value posterior) {
    Value ratio = posterior.sub(logVariance).exp();
    Value square = difference.mul(difference).mul(logVariance.neg().exp());
    return logVariance.sub(posterior).add(ratio).add(square).add(-1f).mul(0.5f);
  }

  /** log p(x_0) of pixels that are one of 256 levels from -1 to 1. */
  private static Value decoder(Value centred, Value logVariance) {
    Value original = Value.input(ORIGINAL, DType.FLOAT32, centred.dims());
    Value inverse = logVariance.mul(-0.5f).exp();
    Value lowest = log(cumulative(centred.add(1 / 255f).mul(inverse)));
    Value highest = log(cumulative(centred.neg().add(1 / 255f).mul(inverse)));
    // Of the two equal tails the lower one, where float32 is fine enough for differences.
    Value below = Node.apply("Abs", Attributes.NONE, List.of(centred)).get(0).neg();
    Value between =
        log(
            cumulative(below.add(1 / 255f).mul(inverse))
                .sub(cumulative(below.add(-1 / 255f).mul(inverse))));
    return compare("Less", original, -0.999f)
        .where(lowest, compare("Greater", original, 0.999f).where(highest, between));
  }

  private static Value compare(String operator, Value value, float bound) {
    return Node.apply(operator, Attributes.NONE, List.of(value, Value.constant(bound))).get(0);
  }

  private static Value log(Value probability) {
    return Node.apply("Max", Attributes.NONE, List.of(probability, Value.constant(LEAST)))
        .get(0)
        .log();
  }

  /** The reference's approximation of the normal distribution function, (1 + tanh(z)) / 2. */
  private static Value cumulative(Value x) {
    Value cubic = x.mul(x).mul(x).mul(0.044715f).add(x);
    return cubic.mul((float) (2 * Math.sqrt(2 / Math.PI))).sigmoid();
  }

  @Override
  public Map<String, Tensor> inputs(Tensor original, Tensor noise, int... timesteps) {
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put(SAMPLE, schedule.addNoise(original, noise, timesteps));
    inputs.put(ORIGINAL, original);
    inputs.put(NOISE, noise);
    inputs.put(MEAN_SCALE, rows(timesteps, this::meanScale));
    inputs.put(LOG_BETA, rows(timesteps, t -> Math.log(schedule.beta(t))));
    inputs.put(LOG_POSTERIOR, rows(timesteps, t -> Math.log(posteriorVariance(Math.max(1, t)))));
    inputs.put(IS_DECODED, rows(timesteps, t -> t == 0 ? 1 : 0));
    return inputs;
  }

  /** The mean's coefficient of x_0, times that of the noise in x_0: the noise's in the mean. */
  private double meanScale(int t) {
    double alphaBar = alphaBars[t];
    double before = t == 0 ? 1 : alphaBars[t - 1];
    double ofOriginal = schedule.beta(t) * Math.sqrt(before) / (1 - alphaBar);
    return ofOriginal * Math.sqrt((1 - alphaBar) / alphaBar);
  }

  private double posteriorVariance(int t) {
    return schedule.beta(t) * (1 - alphaBars[t - 1]) / (1 - alphaBars[t]);
  }

  private static Tensor rows(int[] timesteps, IntToDoubleFunction value) {
    float[] rows = new float[timesteps.length];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (float) value.applyAsDouble(timesteps[i]);
    }
    return Tensor.of(Shape.of(rows.length), rows);
  }

  @Override
  public String toString() {
    return "HybridLoss[" + schedule + "]";
  }
}
