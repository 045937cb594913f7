package dev.palimpsest.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.base.Suppliers;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.UnsupportedModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * A model in the layout of a diffusers folder: {@code model_index.json} and a folder for each
 * component.
 *
 * <p>Immutable and thread-safe; weights are memory-mapped, so reading one costs little. {@link
 * #with} stacks weight layers without touching this object.
 */
public final class Checkpoint {
  static final String INDEX = "model_index.json";

  private final Optional<Path> path;
  private final Config index;
  private final Map<String, Component> components;
  private final Supplier<String> hash;
  private final Supplier<Checkpoint> base;

  private Checkpoint(Optional<Path> path, Config index, Map<String, Component> components) {
    this(path, index, components, Optional.empty());
  }

  private Checkpoint(
      Optional<Path> path,
      Config index,
      Map<String, Component> components,
      Optional<Supplier<Checkpoint>> base) {
    this.path = path;
    this.index = index;
    this.components = Collections.unmodifiableMap(components);
    this.base = base.orElseGet(() -> Suppliers.memoize(this::withoutLayers));
    this.hash = Suppliers.memoize(() -> CheckpointHash.of(this.components.values()));
  }

  /**
   * The checkpoint in {@code dir}, with its plain weights; a component that comes in one variant
   * only, such as {@code fp16}, is read in that one, and {@link #describe} says so.
   *
   * <p>A {@code .safetensors} file is read as a whole checkpoint, too, with the tokenizers' folders
   * beside it or else the {@link ClipVocabulary}; see {@link #readSingleFile}.
   *
   * @throws CheckpointException if a file is missing or malformed, or weights are pickles only
   * @throws UnsupportedModelException if a component's class is not one the library runs
   */
  public static Checkpoint read(Path dir) throws CheckpointException {
    return Files.isRegularFile(dir) && dir.toString().endsWith(".safetensors")
        ? SingleFile.read(dir, Optional.empty())
        : read(dir, Optional.empty());
  }

  /**
   * A whole checkpoint of Stable Diffusion 1, 2 or XL in one {@code .safetensors} file under the
   * names of the original code, as model sites ship them; {@link #save} makes a diffusers folder of
   * it. The kind and all sizes are told from the tensors, the scheduler is the published one of the
   * kind. Whether the network predicts noise or velocity is taken from the file where it says so
   * ({@code modelspec.prediction_type}); otherwise version 2 is taken to predict the velocity.
   *
   * @param tokenizers a folder that has {@code tokenizer} and, for XL, {@code tokenizer_2}, which
   *     such files lack: for example a diffusers folder of the same family
   * @throws CheckpointException if the file is malformed, tensors of its networks are unknown or
   *     missing, or a tokenizer is missing
   * @throws UnsupportedModelException saying what was seen, if it is another kind of model
   */
  public static Checkpoint readSingleFile(Path file, Path tokenizers) throws CheckpointException {
    return SingleFile.read(file, Optional.of(tokenizers));
  }

  /**
   * The checkpoint in {@code dir} in a published variant, such as {@code fp16} or {@code non_ema};
   * components that lack it are read in their plain weights, and {@link #describe} tells which.
   *
   * @throws CheckpointException also if no component has that variant
   */
  public static Checkpoint read(Path dir, String variant) throws CheckpointException {
    Checkpoint checkpoint = read(dir, Optional.of(variant));
    boolean found =
        checkpoint.components.values().stream()
            .anyMatch(component -> component.variant().equals(Optional.of(variant)));
    if (!found) {
      throw new CheckpointException(dir + ": no component has a variant " + variant);
    }
    return checkpoint;
  }

  private static Checkpoint read(Path dir, Optional<String> variant) throws CheckpointException {
    checkFolder(dir);
    Config index = Config.read(dir.resolve(INDEX));
    Map<String, Component> components = new TreeMap<>();
    for (Map.Entry<String, String> entry : classes(index).entrySet()) {
      String name = entry.getKey();
      Path folder = folder(dir, name, ComponentKind.of(index.source(), entry.getValue()));
      components.put(name, Component.read(name, entry.getValue(), folder, variant));
    }
    return new Checkpoint(Optional.of(dir), index, components);
  }

  /** A component without a folder lies in the root, as in diffusers; early DDPM folders have it. */
  private static Path folder(Path dir, String name, ComponentKind kind) {
    boolean flat = kind == ComponentKind.NETWORK || kind == ComponentKind.SCHEDULER;
    return flat
            && !Files.isDirectory(dir.resolve(name))
            && Files.isRegularFile(dir.resolve(Component.configName(kind)))
        ? dir
        : dir.resolve(name);
  }

  /**
   * Whether the file holds tensors of a whole model under the original code's names.
   *
   * @throws CheckpointException if the file is malformed
   */
  public static boolean looksLikeOne(Path file) throws CheckpointException {
    return Safetensors.read(file).names().stream()
        .anyMatch(name -> name.startsWith(SingleFileFamily.UNET));
  }

  /**
   * One network in a folder of its own: {@code config.json} beside its weights. Its class is what
   * the config declares.
   *
   * @throws CheckpointException if a file is missing or malformed
   * @throws UnsupportedModelException if the class is not one the library runs
   */
  public static Component readComponent(Path dir) throws CheckpointException {
    Config config = Config.read(dir.resolve("config.json"));
    String className =
        config
            .optionalString("_class_name")
            .or(() -> architecture(config))
            .orElseThrow(
                () ->
                    new CheckpointException(
                        config.source() + ": neither _class_name nor architectures"));
    return Component.read(String.valueOf(dir.getFileName()), className, dir, Optional.empty());
  }

  private static Optional<String> architecture(Config config) {
    return config.isNull("architectures")
        ? Optional.empty()
        : config.strings("architectures").stream().findFirst();
  }

  /**
   * A checkpoint put together in memory.
   *
   * @param index {@code _class_name} and the scalars of a {@code model_index.json}
   */
  public static Checkpoint of(Config index, Collection<Component> components) {
    return of(Optional.empty(), index, components);
  }

  static Checkpoint of(Optional<Path> path, Config index, Collection<Component> components) {
    Map<String, Component> byName = new TreeMap<>();
    for (Component component : components) {
      checkArgument(
          byName.put(component.name(), component) == null,
          "two components are named %s",
          component.name());
    }
    return new Checkpoint(path, index, byName);
  }

  private static void checkFolder(Path dir) throws CheckpointException {
    String name = String.valueOf(dir.getFileName());
    if (Files.isRegularFile(dir)) {
      throw new CheckpointException(
          WeightFiles.isPickle(name)
              ? WeightFiles.pickleMessage(dir, List.of(name))
              : dir + " is a file; a diffusers folder with a " + INDEX + " was expected");
    }
    if (!Files.isDirectory(dir)) {
      throw new CheckpointException(dir + ": no such folder");
    }
    if (!Files.isRegularFile(dir.resolve(INDEX))) {
      List<String> names = WeightFiles.fileNames(dir);
      List<String> pickles = names.stream().filter(WeightFiles::isPickle).toList();
      throw new CheckpointException(
          pickles.isEmpty()
              ? dir + ": no " + INDEX + "; the folder holds " + names
              : WeightFiles.pickleMessage(dir, pickles));
    }
  }

  /** The declared components' classes; components declared as null are left out. */
  private static Map<String, String> classes(Config index) throws CheckpointException {
    Map<String, String> classes = new TreeMap<>();
    for (Map.Entry<String, Object> entry : index.asMap().entrySet()) {
      String name = entry.getKey();
      if (name.startsWith("_") || !(entry.getValue() instanceof List<?> pair)) {
        continue;
      }
      if (pair.size() != 2 || !name.matches("\\w+")) {
        throw new CheckpointException(
            String.format(
                "%s: component %s is %s, expected [library, class]", index.source(), name, pair));
      }
      if (pair.get(1) instanceof String className) {
        ComponentKind.of(index.source() + ": component " + name, className);
        classes.put(name, className);
      } else if (pair.get(0) != null || pair.get(1) != null) {
        throw new CheckpointException(
            String.format(
                "%s: component %s is %s, expected [library, class]", index.source(), name, pair));
      }
    }
    return classes;
  }

  /** The folder it was read from; empty for one put together in memory. */
  public Optional<Path> path() {
    return path;
  }

  /** The pipeline's class in diffusers, for example {@code StableDiffusionXLPipeline}. */
  public String className() {
    return index.string("_class_name");
  }

  /** The whole {@code model_index.json}, with scalars such as {@code requires_safety_checker}. */
  public Config index() {
    return index;
  }

  /** The names of the components that are there, sorted. */
  public Set<String> components() {
    return components.keySet();
  }

  public boolean has(String component) {
    return components.containsKey(component);
  }

  /**
   * @throws IllegalArgumentException if there is no such component; the message lists those there
   *     are
   */
  public Component component(String name) {
    Component component = components.get(name);
    checkArgument(
        component != null,
        "no component %s in %s; there are %s",
        name,
        path.map(Path::toString).orElse("memory"),
        components.keySet());
    return requireNonNull(component);
  }

  /** The named component's config. */
  public Config config(String component) {
    return component(component).config();
  }

  /** The named network's tensors, layers applied. */
  public Weights weights(String component) {
    return component(component).weights();
  }

  /**
   * The named component's folder, for example a tokenizer's.
   *
   * @throws IllegalArgumentException if it has none
   */
  public Path folder(String component) {
    Optional<Path> folder = component(component).folder();
    checkArgument(folder.isPresent(), "component %s lies in no folder", component);
    return folder.orElseThrow();
  }

  /** Whether the checkpoint declares a check of finished pictures; the pipeline decides. */
  public boolean declaresSafetyChecker() {
    return components.values().stream()
        .anyMatch(component -> component.kind() == ComponentKind.SAFETY_CHECKER);
  }

  /**
   * This checkpoint under {@code layer}; this object stays as it is.
   *
   * @throws IllegalArgumentException if the layer's component is not here or its tensors do not fit
   */
  public Checkpoint with(CheckpointLayer layer) {
    return layer.on(this);
  }

  Checkpoint replaced(WeightLayer layer) {
    Map<String, Component> changed = new TreeMap<>(components);
    changed.put(layer.component(), component(layer.component()).with(layer));
    return new Checkpoint(path, index, changed, Optional.of(base));
  }

  /**
   * This checkpoint without its layers; all that are stacked on one share it, so that its {@link
   * #hash} is computed once.
   */
  public Checkpoint base() {
    return base.get();
  }

  private Checkpoint withoutLayers() {
    if (layers().isEmpty()) {
      return this;
    }
    Map<String, Component> bare = new TreeMap<>(components);
    bare.replaceAll((name, component) -> component.base());
    return new Checkpoint(path, index, bare);
  }

  /** All layers, component by component, lowest first. */
  public List<WeightLayer> layers() {
    List<WeightLayer> layers = new ArrayList<>();
    for (Component component : components.values()) {
      if (component.kind() == ComponentKind.NETWORK) {
        layers.addAll(component.weights().layers());
      }
    }
    return List.copyOf(layers);
  }

  /** The number of parameters of all networks. */
  public long parameters() {
    return components.values().stream().mapToLong(Component::parameters).sum();
  }

  /**
   * SHA-256 in hexadecimal over all networks' tensors in the order of their names: component and
   * name, type, shape, bytes, with layers applied; ONNX components count with their files' bytes.
   * Older and newer names of one tensor give one hash, known buffers do not count. Reads all
   * weights at the first call.
   */
  public String hash() {
    return hash.get();
  }

  /**
   * Writes a diffusers folder: weights with their layers applied, configs and tokenizers copied.
   *
   * @param dir missing or empty
   * @throws CheckpointException if it is neither, or cannot be written
   */
  public void save(Path dir) throws CheckpointException {
    CheckpointFolder.write(this, dir);
  }

  /** A line for the checkpoint, one for each component, one for each layer. */
  public String describe() {
    List<String> lines = new ArrayList<>();
    lines.add(className() + " in " + path.map(Path::toString).orElse("memory"));
    components.values().forEach(component -> lines.add("  " + component.describe()));
    layers().forEach(layer -> lines.add("  layer: " + layer.description()));
    return String.join("\n", lines);
  }

  @Override
  public String toString() {
    return className() + " in " + path.map(Path::toString).orElse("memory");
  }
}
