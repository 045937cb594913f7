package dev.palimpsest.testkit;

import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;

/**
 * Data whose every element is normal, x0 ~ N(mean, deviation²): the one case in which the ideal
 * network, the score and the solution of the probability flow are known in closed form.
 *
 * <p>At a level (alpha, sigma) the state is N(alpha mean, alpha² deviation² + sigma²). The
 * probability flow keeps the rank of a state in that distribution, so that it moves along {@link
 * #flow}. All in float64 but for the network's output.
 *
 * @param mean of each element
 * @param deviation the standard deviation of each element, positive
 */
public record GaussianData(double mean, double deviation) {

  /** The variance of the state. */
  public double variance(Level level) {
    return square(level.alpha() * deviation) + square(level.sigma());
  }

  /** The mean of the clean sample given the state: what an ideal network says. */
  public double denoised(Level level, double x) {
    double gain = level.alpha() * square(deviation) / variance(level);
    return mean + gain * (x - level.alpha() * mean);
  }

  /** The end of the probability flow from the state: what an ideal consistency model says. */
  public double consistent(Level level, double x) {
    return flow(level, new Level(1, 0), x);
  }

  /** The score, the gradient of the state's log-density. */
  public double score(Level level, double x) {
    return -(x - level.alpha() * mean) / variance(level);
  }

  /** Where the probability flow leads from a state at {@code from}. */
  public double flow(Level from, Level to, double x) {
    double stretch = Math.sqrt(variance(to) / variance(from));
    return to.alpha() * mean + stretch * (x - from.alpha() * mean);
  }

  /** The ideal network. */
  public DenoisingFunction network(PredictionType type, InputLevels levels) {
    return (x, t) ->
        map(x, value -> output(type, levels.at(t), value, denoised(levels.at(t), value)));
  }

  /** The ideal consistency model. */
  public DenoisingFunction consistencyModel(PredictionType type, InputLevels levels) {
    return (x, t) ->
        map(x, value -> output(type, levels.at(t), value, consistent(levels.at(t), value)));
  }

  /** What a network of a type returns that estimates x0 from the state x. */
  private static double output(PredictionType type, Level level, double x, double x0) {
    double noise = (x - level.alpha() * x0) / level.sigma();
    return output(type, level, new Pair(x0, noise));
  }

  /** What a network of a type returns that knows the sample and the noise. */
  static double output(PredictionType type, Level level, Pair known) {
    return switch (type) {
      case EPSILON -> known.noise;
      case SAMPLE -> known.sample;
      case V_PREDICTION -> level.alpha() * known.noise - level.sigma() * known.sample;
      case FLOW_PREDICTION -> known.noise - known.sample;
    };
  }

  /** A clean element and its noise. */
  record Pair(double sample, double noise) {}

  private static Tensor map(Tensor x, DoubleUnaryOperator function) {
    float[] in = x.floats();
    float[] out = new float[in.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) function.applyAsDouble(in[i]);
    }
    return Tensor.of(x.shape(), out);
  }

  private static double square(double value) {
    return value * value;
  }
}
