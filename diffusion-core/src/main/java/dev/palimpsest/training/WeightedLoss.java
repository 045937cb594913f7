package dev.palimpsest.training;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Squared error of a prediction, each row times a weight that is an input.
 *
 * @param rows the loss of a row; its weight is where a caller's begins
 */
record WeightedLoss(SimpleLoss rows) implements DiffusionLoss {
  @Override
  public NoiseSchedule schedule() {
    return rows.schedule();
  }

  @Override
  public PredictionType prediction() {
    return rows.prediction();
  }

  @Override
  public Value of(Value prediction) {
    Value wanted = Value.input(TARGET, DType.FLOAT32, prediction.dims());
    Value weights = Value.input(WEIGHT, DType.FLOAT32, Dims.of(prediction.dim(0)));
    return Losses.weighted(prediction, wanted, weights);
  }

  @Override
  public Map<String, Tensor> inputs(Tensor original, Tensor noise, int... timesteps) {
    Map<String, Tensor> inputs = new HashMap<>(rows.inputs(original, noise, timesteps));
    float[] ones = new float[timesteps.length];
    Arrays.fill(ones, 1);
    inputs.putIfAbsent(WEIGHT, Tensor.of(Shape.of(ones.length), ones));
    return inputs;
  }
}
