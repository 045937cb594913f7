package dev.palimpsest.lora;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.DiffusionLoss;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Rows of a batch whose target is what the network predicts without the LoRA (learning without
 * forgetting, Li and Hoiem 2016): what the loss compares is then the difference of both predictions
 * and zero.
 */
final class PriorPrediction {
  private static final String ROWS = "prior_rows";

  private PriorPrediction() {}

  /**
   * What the loss takes for the prediction.
   *
   * @param adapted the network's with the LoRA, [batch, channels, height, width]
   * @param frozen without, of the same shape
   */
  static Value of(Value adapted, Value frozen) {
    Value rows = Value.input(ROWS, DType.FLOAT32, Dims.of(adapted.dim(0)));
    return adapted.sub(frozen.mul(rows.reshape(-1, 1, 1, 1)));
  }

  /**
   * The inputs of a loss with those rows told, whose targets are zero.
   *
   * @param prior whether a row is such a one
   */
  static Map<String, Tensor> inputs(Map<String, Tensor> ofLoss, List<Boolean> prior) {
    Tensor target = requireNonNull(ofLoss.get(DiffusionLoss.TARGET));
    float[] wanted = target.floats().clone();
    float[] rows = new float[prior.size()];
    int row = wanted.length / rows.length;
    for (int i = 0; i < rows.length; i++) {
      if (prior.get(i)) {
        rows[i] = 1;
        Arrays.fill(wanted, i * row, (i + 1) * row, 0);
      }
    }
    Map<String, Tensor> inputs = new HashMap<>(ofLoss);
    inputs.put(DiffusionLoss.TARGET, Tensor.of(target.shape(), wanted));
    inputs.put(ROWS, Tensor.of(Shape.of(rows.length), rows));
    return inputs;
  }
}
