package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.Adapter;
import dev.palimpsest.AdapterScale;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A low-rank adapter: matrices for some modules of a checkpoint's networks. It is given to a
 * pipeline as it is, so that requests choose its strength, or merged into a checkpoint's weights.
 * Immutable and thread-safe.
 */
public final class Lora implements Adapter {
  private final String name;
  private final Map<LoraTarget, LoraModule> modules;
  private final Map<String, String> metadata;

  Lora(String name, Map<LoraTarget, LoraModule> modules, Map<String, String> metadata) {
    checkArgument(!name.isBlank(), "a LoRA needs a name");
    checkArgument(!modules.isEmpty(), "LoRA %s adapts nothing", name);
    this.name = name;
    this.modules = Collections.unmodifiableMap(new TreeMap<>(modules));
    this.metadata = Collections.unmodifiableMap(new TreeMap<>(metadata));
  }

  /**
   * A LoRA made in memory.
   *
   * @param metadata free text entries, such as {@code modelspec.title}
   */
  public static Lora of(
      String name, Map<LoraTarget, LoraModule> modules, Map<String, String> metadata) {
    return new Lora(name, modules, metadata);
  }

  /**
   * The LoRA in a {@code .safetensors} file of any {@link LoraFormat}, for Stable Diffusion 1, 2 or
   * XL. It is called as the file is.
   *
   * @throws CheckpointException if the file is malformed, holds another kind of adapter, or tensors
   *     that belong to no module, lack their other half, do not fit each other or are not finite;
   *     all of them are listed
   */
  public static Lora read(Path path) throws CheckpointException {
    LoraReading reading = LoraReader.read(path);
    if (!reading.problems().isEmpty()) {
      throw new CheckpointException(
          String.format(
              "%s: %d problems%s",
              path, reading.problems().size(), LoraReader.listed(reading.problems())));
    }
    return reading.lora();
  }

  /**
   * As {@link #read}, but what does not belong or fit is left out and told.
   *
   * @throws CheckpointException if the file is malformed or holds another kind of adapter, or
   *     nothing can be read
   */
  public static LoraReading readLenient(Path path) throws CheckpointException {
    return LoraReader.read(path);
  }

  /**
   * Whether the file looks like an adapter's, of this kind or another, and not a checkpoint's, by
   * the names of its tensors.
   *
   * @throws CheckpointException if the file is malformed
   */
  public static boolean looksLikeOne(Path path) throws CheckpointException {
    return Safetensors.read(path).names().stream()
        .anyMatch(name -> LoraKey.of(name).isPresent() || LoraKey.otherKind(name).isPresent());
  }

  /**
   * Writes a file that trainers and other tools read.
   *
   * @throws IllegalArgumentException if the format cannot hold what this LoRA says
   * @throws CheckpointException if the file cannot be written
   */
  public void save(Path path, LoraFormat format) throws CheckpointException {
    LoraWriter.write(this, path, format);
  }

  /** This LoRA under another name. */
  public Lora named(String other) {
    return new Lora(other, modules, metadata);
  }

  /** This LoRA at a strength, to be merged: {@code checkpoint.with(lora.at(0.8))}. */
  public MergedLora at(double scale) {
    return at(AdapterScale.of(scale));
  }

  /** This LoRA at strengths that differ among parts of the networks, to be merged. */
  public MergedLora at(AdapterScale scale) {
    return new MergedLora(this, scale);
  }

  @Override
  public String name() {
    return name;
  }

  /** The adapted modules, sorted. */
  public Map<LoraTarget, LoraModule> modules() {
    return modules;
  }

  /** The adapted modules of one component, sorted. */
  public Map<String, LoraModule> modules(String component) {
    Map<String, LoraModule> own = new TreeMap<>();
    modules.forEach(
        (target, module) -> {
          if (target.component().equals(component)) {
            own.put(target.module(), module);
          }
        });
    return own;
  }

  /** The components that it adapts. */
  public Set<String> components() {
    var components = new TreeSet<String>();
    modules.keySet().forEach(target -> components.add(target.component()));
    return components;
  }

  /** Whether it belongs to a model with two text encoders (XL), as far as its modules tell. */
  boolean twoTextEncoders() {
    return modules.keySet().stream()
        .anyMatch(
            target ->
                target.component().equals("text_encoder_2")
                    || target.module().contains("attentions.0.transformer_blocks.1.")
                    || target.module().startsWith("add_embedding."));
  }

  /** The file's free text entries, without those that only repeat ranks and alphas. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** The words that its subjects are called by, as the file tells. */
  public List<TriggerWord> triggers() {
    return TriggerWord.of(metadata);
  }

  @Override
  public Optional<String> warning(String prompt) {
    return TriggerWord.missing(triggers(), prompt);
  }

  /** This LoRA as it fits a checkpoint's weights. */
  Map<LoraTarget, LoraModule> fitting(Checkpoint checkpoint) throws CheckpointException {
    Map<LoraTarget, LoraModule> fitting = new TreeMap<>();
    List<String> problems = new ArrayList<>();
    modules.forEach(
        (target, module) -> {
          try {
            fitting.put(target, module.fitting(shape(checkpoint, target)));
          } catch (IllegalArgumentException e) {
            problems.add(target + ": " + e.getMessage());
          }
        });
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          String.format(
              "LoRA %s does not fit %s: %d of %d modules%s",
              name,
              checkpoint,
              problems.size(),
              modules.size(),
              LoraReader.listed(problems.subList(0, Math.min(10, problems.size())))));
    }
    return fitting;
  }

  private static Shape shape(Checkpoint checkpoint, LoraTarget target) {
    Weights weights = checkpoint.weights(target.component());
    checkArgument(weights.contains(target.weight()), "the model has no such module");
    return weights.shape(target.weight());
  }

  @Override
  public void check(Checkpoint checkpoint) throws CheckpointException {
    fitting(checkpoint);
  }

  @Override
  public Graph adapt(String component, Graph network) {
    return LoraBranches.live(name, modules(component)).beside(network);
  }

  @Override
  public Map<String, Tensor> weights(String component) {
    return LoraBranches.live(name, modules(component)).weights();
  }

  @Override
  public Map<String, Tensor> inputs(String component, AdapterScale scale) {
    Map<String, LoraModule> own = modules(component);
    if (own.isEmpty()) {
      return Map.of();
    }
    float[] factors = new float[own.size()];
    int i = 0;
    for (String module : own.keySet()) {
      factors[i++] = (float) scale.of(component + "." + module);
    }
    return Map.of(LoraBranches.scaleInput(name), Tensor.of(Shape.of(factors.length), factors));
  }

  @Override
  public String toString() {
    return String.format("LoRA %s of %d modules of %s", name, modules.size(), components());
  }
}
