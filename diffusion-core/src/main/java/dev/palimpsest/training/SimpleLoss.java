package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Squared error of a prediction.
 *
 * @param gamma of min-SNR-γ weights, or 0 for equal ones
 */
record SimpleLoss(DiffusionTarget target, double gamma) implements DiffusionLoss {
  SimpleLoss {
    checkArgument(gamma >= 0, "gamma must be >= 0, was %s", gamma);
  }

  @Override
  public NoiseSchedule schedule() {
    return target.schedule();
  }

  @Override
  public PredictionType prediction() {
    return target.type();
  }

  @Override
  public Value of(Value prediction) {
    Value wanted = Value.input(TARGET, DType.FLOAT32, prediction.dims());
    if (gamma == 0) {
      return Losses.meanSquaredError(prediction, wanted);
    }
    Value weights = Value.input(WEIGHT, DType.FLOAT32, Dims.of(prediction.dim(0)));
    return Losses.weighted(prediction, wanted, weights);
  }

  @Override
  public Map<String, Tensor> inputs(Tensor original, Tensor noise, int... timesteps) {
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put(SAMPLE, target.noisy(original, noise, timesteps));
    inputs.put(TARGET, target.target(original, noise, timesteps));
    if (gamma > 0) {
      float[] weights = new float[timesteps.length];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = target.minSnrWeight(gamma, timesteps[i]);
      }
      inputs.put(WEIGHT, Tensor.of(Shape.of(weights.length), weights));
    }
    return inputs;
  }
}
