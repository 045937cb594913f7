package dev.palimpsest.lora;

import dev.palimpsest.AdapterScale;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.CheckpointLayer;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;

/**
 * A LoRA at a fixed strength, to be merged into the weights of a checkpoint: W + s·α/r·BA stands in
 * for W, in W's element type. Dropping the changed checkpoint restores the original exactly. DoRA's
 * lengths are those of the weights beneath, so there the order of layers counts. Immutable.
 */
public final class MergedLora implements CheckpointLayer {
  private final Lora lora;
  private final AdapterScale scale;

  MergedLora(Lora lora, AdapterScale scale) {
    this.lora = lora;
    this.scale = scale;
  }

  public Lora lora() {
    return lora;
  }

  public AdapterScale scale() {
    return scale;
  }

  /**
   * {@inheritDoc} The products are computed here, on all cores.
   *
   * @throws IllegalArgumentException listing modules that the checkpoint lacks or whose shapes
   *     differ
   */
  @Override
  public Checkpoint on(Checkpoint below) {
    Checkpoint above = below;
    for (Map.Entry<String, Map<String, Tensor>> entry : merged(below).entrySet()) {
      above = above.with(WeightLayer.replacing(toString(), entry.getKey(), entry.getValue()));
    }
    return above;
  }

  /** The changed weights by component and name. */
  private Map<String, Map<String, Tensor>> merged(Checkpoint below) {
    Map<String, Map<String, Tensor>> merged = new TreeMap<>();
    try (var merge = new LoraMerge()) {
      fitting(below)
          .forEach(
              (target, module) -> {
                double strength = scale.of(target.toString());
                if (strength != 0 || module.magnitude().isPresent()) {
                  Tensor weight = below.weights(target.component()).get(target.weight());
                  merged
                      .computeIfAbsent(target.component(), component -> new TreeMap<>())
                      .put(target.weight(), merge.merged(weight, module, strength));
                }
              });
    }
    return merged;
  }

  private Map<LoraTarget, LoraModule> fitting(Checkpoint below) {
    try {
      return lora.fitting(below);
    } catch (CheckpointException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** For provenance: {@code LoRA m5 at 0.8}. */
  @Override
  public String toString() {
    return "LoRA " + lora.name() + " at " + scale;
  }
}
