package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import java.util.List;

/**
 * Losses as functions on values; each gives one number, float32 [1], the mean over the batch.
 * Squared errors are means over the elements of a row, as torch's mse_loss.
 */
public final class Losses {
  private Losses() {}

  /**
   * The mean of squared differences. The target decides what a diffusion network learns to predict:
   * the noise, v or the sample, see {@link DiffusionTarget}.
   */
  public static Value meanSquaredError(Value prediction, Value target) {
    return mean(squares(prediction, target));
  }

  /**
   * The mean of squared differences, each row times its weight, such as {@link
   * DiffusionTarget#minSnrWeight}.
   *
   * @param weights [batch]
   */
  public static Value weighted(Value prediction, Value target, Value weights) {
    return mean(perRow(squares(prediction, target)).mul(weights));
  }

  /**
   * The mean of squared differences times a mask, over all elements: where it is 0 nothing is
   * learned. Numbers as kohya-ss/sd-scripts' {@code apply_masked_loss}.
   *
   * @param mask from 0 to 1, broadcast to the prediction
   */
  public static Value masked(Value prediction, Value target, Value mask) {
    return mean(squares(prediction, target).mul(mask));
  }

  /**
   * Cross-entropy of classes, as torch's cross_entropy with probabilities.
   *
   * @param logits [batch, classes]
   * @param targets [batch, classes], the probability of each class: 1 for the right one
   */
  public static Value crossEntropy(Value logits, Value targets) {
    checkArgument(
        logits.dims().rank() == 2 && logits.dims().equals(targets.dims()),
        "logits %s and targets %s must both be [batch, classes]",
        logits,
        targets);
    Value logs = Node.apply("LogSoftmax", Attributes.NONE.with("axis", 1L), List.of(logits)).get(0);
    return mean(logs.mul(targets).sum(1).neg());
  }

  private static Value squares(Value prediction, Value target) {
    checkArgument(
        prediction.dims().equals(target.dims()),
        "the prediction %s and the target %s differ in shape",
        prediction,
        target);
    Value difference = prediction.sub(target);
    return difference.mul(difference);
  }

  /** The mean of each row: [batch]. */
  static Value perRow(Value value) {
    return value.reshape(value.dim(0).size(), -1).mean(1).reshape(-1);
  }

  static Value mean(Value value) {
    return value.reshape(-1).mean(0);
  }
}
