package dev.palimpsest.training;

import dev.palimpsest.graph.Value;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;

/**
 * What a diffusion network is shown and how its answer is judged: a part of the graph and the
 * inputs that it takes. Immutable; {@code toString} tells all settings.
 */
public interface DiffusionLoss {
  /** The network's input x_t, among {@link #inputs}. */
  String SAMPLE = "sample";

  /** What the network should answer, among {@link #inputs} of all but {@link #hybrid}. */
  String TARGET = "target";

  /** What each row's loss is multiplied by, among {@link #inputs} where rows are weighted. */
  String WEIGHT = "loss_weight";

  /** Squared error of the epsilon, v or sample that the network predicts. */
  static DiffusionLoss simple(NoiseSchedule schedule, PredictionType type) {
    return new SimpleLoss(new DiffusionTarget(schedule, type), 0);
  }

  /**
   * {@link #simple} with each row weighted by min-SNR-γ (Hang et al. 2023).
   *
   * @param gamma 5 in the paper
   */
  static DiffusionLoss minSnr(NoiseSchedule schedule, PredictionType type, double gamma) {
    return new SimpleLoss(new DiffusionTarget(schedule, type), gamma);
  }

  /**
   * {@link #simple}, or {@link #minSnr}, whose rows have a weight in any case: the caller may
   * multiply {@link #WEIGHT} by weights of its own.
   *
   * @param gamma of min-SNR-γ, or 0 for equal weights
   */
  static DiffusionLoss weighted(NoiseSchedule schedule, PredictionType type, double gamma) {
    return new WeightedLoss(new SimpleLoss(new DiffusionTarget(schedule, type), gamma));
  }

  /**
   * L_hybrid (Nichol and Dhariwal 2021) of a network that predicts epsilon and, in as many further
   * channels, the variance as an interpolation between its bounds.
   */
  static DiffusionLoss hybrid(NoiseSchedule schedule) {
    return new HybridLoss(schedule);
  }

  NoiseSchedule schedule();

  /** What the first channels of the network's output are. */
  PredictionType prediction();

  /** How many times as many channels as the sample the network's output has. */
  default int channelFactor() {
    return 1;
  }

  /**
   * The loss, one number; it makes its own inputs.
   *
   * @param prediction the network's output, of known shape
   */
  Value of(Value prediction);

  /**
   * The inputs of the loss for a batch, and {@value #SAMPLE} for the network.
   *
   * @param original x_0, float32 [batch, channels, height, width]
   * @param noise of the same shape
   * @param timesteps one a row
   */
  Map<String, Tensor> inputs(Tensor original, Tensor noise, int... timesteps);
}
