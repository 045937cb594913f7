package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One part of a checkpoint: a network, a scheduler's or tokenizer's folder. Immutable and
 * thread-safe.
 */
public final class Component {
  private final String name;
  private final String className;
  private final ComponentKind kind;
  private final Optional<Path> folder;
  private final Config config;
  private final Weights weights;
  private final Optional<String> variant;

  private Component(
      String name, String className, Optional<Path> folder, Config config, Stored stored) {
    this.name = name;
    this.className = className;
    this.kind = ComponentKind.of(config.source(), className);
    this.folder = folder;
    this.config = config;
    this.weights = stored.weights;
    this.variant = stored.variant;
  }

  private record Stored(Weights weights, Optional<String> variant) {
    static final Stored NOTHING = new Stored(Weights.of(Map.of()), Optional.empty());
  }

  /**
   * A network held in memory.
   *
   * @param name as in {@code model_index.json}, for example {@code unet}
   * @param className diffusers' or transformers' class, for example {@code UNet2DConditionModel}
   * @param weights under today's names
   * @throws UnsupportedModelException if the library does not run that class
   */
  public static Component network(String name, String className, Config config, Weights weights) {
    checkArgument(
        ComponentKind.of(name, className) == ComponentKind.NETWORK,
        "%s is not a network's class",
        className);
    return new Component(
        name, className, Optional.empty(), config, new Stored(weights, Optional.empty()));
  }

  /** A scheduler held in memory, described by the fields of its {@code scheduler_config.json}. */
  public static Component scheduler(String className, Config config) {
    return new Component("scheduler", className, Optional.empty(), config, Stored.NOTHING);
  }

  /**
   * A tokenizer in its folder.
   *
   * @throws CheckpointException if there is no such folder
   */
  public static Component tokenizer(String name, Path folder) throws CheckpointException {
    return read(name, "CLIPTokenizer", folder, Optional.empty());
  }

  /**
   * The tokenizer of CLIP, with the {@link ClipVocabulary} that this library brings along, in no
   * folder.
   *
   * @param padToken what fills prompts up, such as {@code <|endoftext|>}
   */
  public static Component clipTokenizer(String name, String padToken) {
    return new Component(
        name, "CLIPTokenizer", Optional.empty(), ClipVocabulary.config(padToken), Stored.NOTHING);
  }

  /** A component in its folder; a network's weights are mapped, not read. */
  static Component read(String name, String className, Path folder, Optional<String> variant)
      throws CheckpointException {
    ComponentKind kind = ComponentKind.of(folder.toString(), className);
    if (!Files.isDirectory(folder)) {
      if (kind == ComponentKind.SAFETY_CHECKER || kind == ComponentKind.IMAGE_PROCESSOR) {
        return new Component(
            name, className, Optional.empty(), Config.of(Map.of()), Stored.NOTHING);
      }
      throw new CheckpointException(folder + ": the folder of component " + name + " is missing");
    }
    Stored stored =
        kind == ComponentKind.NETWORK ? weights(className, folder, variant) : Stored.NOTHING;
    if (kind == ComponentKind.ONNX && !Files.isRegularFile(folder.resolve("model.onnx"))) {
      throw new CheckpointException(
          folder + ": no model.onnx; the folder holds " + WeightFiles.fileNames(folder));
    }
    return new Component(name, className, Optional.of(folder), config(kind, folder), stored);
  }

  private static Stored weights(String className, Path folder, Optional<String> variant)
      throws CheckpointException {
    WeightFiles files = WeightFiles.find(folder, baseName(className), variant);
    return new Stored(TensorNames.today(className, Weights.read(files.path())), files.variant());
  }

  /** Diffusers and transformers name weight files differently. */
  static String baseName(String className) {
    return className.startsWith("CLIP") ? "model" : "diffusion_pytorch_model";
  }

  private static Config config(ComponentKind kind, Path folder) throws CheckpointException {
    Path file = folder.resolve(configName(kind));
    boolean required = kind == ComponentKind.NETWORK || kind == ComponentKind.SCHEDULER;
    return required || Files.exists(file) ? Config.read(file) : Config.of(Map.of());
  }

  static String configName(ComponentKind kind) {
    return switch (kind) {
      case NETWORK, ONNX, SAFETY_CHECKER -> "config.json";
      case SCHEDULER -> "scheduler_config.json";
      case TOKENIZER -> "tokenizer_config.json";
      case IMAGE_PROCESSOR -> "preprocessor_config.json";
    };
  }

  /** The component's name in the checkpoint, for example {@code text_encoder_2}. */
  public String name() {
    return name;
  }

  /** The class that the checkpoint declares. */
  public String className() {
    return className;
  }

  public ComponentKind kind() {
    return kind;
  }

  /** Where it lies; empty for a component held in memory or declared without a folder. */
  public Optional<Path> folder() {
    return folder;
  }

  /** Its config file's fields; empty where the file may be missing and is. */
  public Config config() {
    return config;
  }

  /**
   * A network's tensors under diffusers' names of today, layers applied, known buffers left out.
   *
   * @throws IllegalStateException if this is not a network
   */
  public Weights weights() {
    checkState(kind == ComponentKind.NETWORK, "component %s (%s) has no weights", name, className);
    return weights;
  }

  /** The published variant that was read, such as {@code fp16}; empty for the plain weights. */
  public Optional<String> variant() {
    return variant;
  }

  /**
   * The model file of an ONNX component.
   *
   * @throws IllegalStateException if this is not one
   */
  public Path onnx() {
    checkState(kind == ComponentKind.ONNX, "component %s (%s) is not ONNX", name, className);
    return folder.orElseThrow().resolve("model.onnx");
  }

  /** The number of a network's parameters; 0 for other kinds. */
  public long parameters() {
    return weights.names().stream().mapToLong(n -> weights.shape(n).elements()).sum();
  }

  /** The bytes that a network's parameters take; 0 for other kinds. */
  public long bytes() {
    return weights.names().stream()
        .mapToLong(n -> weights.shape(n).elements() * weights.dtype(n).bytes())
        .sum();
  }

  /** The element types of a network's parameters. */
  public List<String> dtypes() {
    return weights.names().stream()
        .map(n -> weights.dtype(n).toString())
        .distinct()
        .sorted()
        .toList();
  }

  Component with(WeightLayer layer) {
    return with(weights().with(layer));
  }

  /** This component without layers. */
  Component base() {
    return with(weights.base());
  }

  private Component with(Weights other) {
    return new Component(name, className, folder, config, new Stored(other, variant));
  }

  /** One line for people. */
  String describe() {
    if (kind != ComponentKind.NETWORK) {
      return name + ": " + className;
    }
    return String.format(
        "%s: %s, %,d parameters in %d tensors, %s, %,d bytes%s",
        name,
        className,
        parameters(),
        weights.names().size(),
        String.join("+", dtypes()),
        bytes(),
        variant.map(v -> ", variant " + v).orElse(""));
  }
}
