package dev.palimpsest.scheduler;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a solver sees during one step: the network, wrapped so that it takes the state and gives
 * {@link Prediction}s, and the noise. Valid during that step only.
 */
public final class Evaluator {
  private final SchedulePlan plan;
  private final NoiseLevels levels;
  private final Shape shape;
  private final DenoisingFunction network;
  private final NoiseSource noise;
  private final List<Evaluation> evaluations = new ArrayList<>();

  Evaluator(
      SchedulePlan plan,
      NoiseLevels levels,
      Shape shape,
      DenoisingFunction network,
      NoiseSource noise) {
    this.plan = plan;
    this.levels = levels;
    this.shape = shape;
    this.network = network;
    this.noise = noise;
  }

  /** Evaluates the network at the k-th evaluation of the grid, for state {@code x}. */
  public Prediction predict(int k, float[] x) {
    return predict(k, x, Clipping.NONE);
  }

  /** As {@link #predict(int, float[])}, with the estimate of the clean sample clipped. */
  public Prediction predict(int k, float[] x, Clipping clipping) {
    double timestep = levels.timestep(k);
    Tensor predicted = network.predict(Tensor.of(shape, scaled(k, x)), timestep);
    boolean learned = plan.learnedVariance();
    Shape expected = learned ? shape.withDim(1, 2 * shape.dim(1)) : shape;
    checkArgument(
        predicted.dtype() == DType.FLOAT32 && predicted.shape().equals(expected),
        "the network must return FLOAT32%s%s for an input of shape %s, returned %s",
        expected,
        learned ? " (prediction and variance)" : "",
        shape,
        predicted);
    float[] output = predicted.floats();
    float[] variance = null;
    if (learned) {
      variance = half(output, 1);
      output = half(output, 0);
    }
    float[] denoised = levels.denoised(plan.predictionType(), k, x, output);
    clipping.apply(denoised, Math.toIntExact(shape.dim(0)));
    evaluations.add(new Evaluation(Tensor.of(shape, x), timestep, Tensor.of(shape, denoised)));
    return prediction(k, x, output, denoised, variance);
  }

  /** The next draw of standard normal noise, of the state's size. */
  public float[] gaussian() {
    return noise.gaussian(shape).floats();
  }

  /** Tells listeners another estimate of the clean sample than that of the last evaluation. */
  public void estimate(float[] denoised) {
    int last = evaluations.size() - 1;
    Evaluation evaluation = evaluations.get(last);
    evaluations.set(
        last, new Evaluation(evaluation.x(), evaluation.timestep(), Tensor.of(shape, denoised)));
  }

  List<Evaluation> evaluations() {
    return evaluations;
  }

  private Prediction prediction(
      int k, float[] x, float[] output, float[] denoised, float @Nullable [] variance) {
    return new Prediction(levels, plan.predictionType(), k, x, output, denoised, variance);
  }

  private float[] scaled(int k, float[] x) {
    float norm = levels.inputNorm(k);
    if (norm == 1) {
      return x;
    }
    float[] scaled = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      scaled[i] = x[i] / norm;
    }
    return scaled;
  }

  /** The first or second half of the channels of each row. */
  private float[] half(float[] output, int which) {
    int batch = Math.toIntExact(shape.dim(0));
    int size = output.length / 2 / batch;
    float[] half = new float[output.length / 2];
    for (int row = 0; row < batch; row++) {
      System.arraycopy(output, (2 * row + which) * size, half, row * size, size);
    }
    return half;
  }
}
