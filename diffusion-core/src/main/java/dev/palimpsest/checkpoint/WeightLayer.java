package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * A change to the weights of one component of a checkpoint, described and not applied: the tensors
 * that stand in for the component's own. Immutable and thread-safe.
 */
public final class WeightLayer implements CheckpointLayer {
  private final String name;
  private final String component;
  private final Map<String, Tensor> replacements;

  private WeightLayer(String name, String component, Map<String, Tensor> replacements) {
    this.name = name;
    this.component = component;
    this.replacements = replacements;
  }

  /**
   * A layer whose tensors replace those of the same names.
   *
   * @param name what provenance records, for example {@code erasure of "ferrari"}
   * @param component the component it applies to, for example {@code unet}
   * @param tensors at least one, by the component's tensor names
   */
  public static WeightLayer replacing(String name, String component, Map<String, Tensor> tensors) {
    checkArgument(!name.isBlank(), "a layer needs a name");
    checkArgument(!tensors.isEmpty(), "layer %s replaces nothing", name);
    return new WeightLayer(name, component, Collections.unmodifiableMap(new TreeMap<>(tensors)));
  }

  public String name() {
    return name;
  }

  /** The component whose tensors it replaces. */
  public String component() {
    return component;
  }

  /** The tensors it puts in place, by name, sorted. */
  public Map<String, Tensor> replacements() {
    return replacements;
  }

  @Override
  public Checkpoint on(Checkpoint below) {
    return below.replaced(this);
  }

  /** One line for provenance. */
  public String description() {
    return String.format("%s (replaces %d tensors of %s)", name, replacements.size(), component);
  }

  @Override
  public String toString() {
    return description();
  }
}
