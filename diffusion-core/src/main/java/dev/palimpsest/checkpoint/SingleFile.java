package dev.palimpsest.checkpoint;

import dev.palimpsest.checkpoint.RenamedWeights.Source;
import dev.palimpsest.checkpoint.SingleFileFamily.Encoder;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A checkpoint in one file under the names of the original code, as model sites ship them, seen as
 * diffusers' components. What else is in the file, such as averages and the state of training, is
 * not read.
 */
final class SingleFile {
  /** Said by a rule of a tensor that is known and not wanted. */
  private static final Map<String, Source> UNUSED = new TreeMap<>();

  private final Path path;
  private final Safetensors file;
  private final Weights stored;
  private final SingleFileFamily family;
  private final SingleFileConfigs configs;

  private SingleFile(Path path) throws CheckpointException {
    this.path = path;
    this.file = Safetensors.read(path);
    this.stored = Weights.of(file);
    this.family = SingleFileFamily.of(path, file.names());
    this.configs = new SingleFileConfigs(family);
  }

  /**
   * @param tokenizers the folder in which the tokenizers lie, each in its folder; if it is not
   *     named, they may lie beside the file, and are CLIP's otherwise
   */
  static Checkpoint read(Path path, Optional<Path> tokenizers) throws CheckpointException {
    try {
      return new SingleFile(path).checkpoint(tokenizers);
    } catch (IllegalArgumentException e) { // a tensor that the sizes are read from
      throw new CheckpointException(path + ": " + e.getMessage(), e);
    }
  }

  private Checkpoint checkpoint(Optional<Path> tokenizers) throws CheckpointException {
    List<Component> components = new ArrayList<>();
    int layers = layersPerBlock();
    Weights unet =
        weights(
            "UNet2DConditionModel",
            SingleFileFamily.UNET,
            layered(LdmNames.unet(layers)::diffusers));
    components.add(
        Component.network("unet", "UNet2DConditionModel", configs.unet(unet, layers), unet));
    int blocks = count(SingleFileFamily.VAE + "decoder.up.");
    Weights vae =
        weights("AutoencoderKL", SingleFileFamily.VAE, layered(new LdmVaeNames(blocks)::diffusers));
    components.add(Component.network("vae", "AutoencoderKL", configs.vae(vae), vae));
    for (Encoder encoder : family.encoders()) {
      Component text = text(encoder);
      components.add(text);
      components.add(tokenizer(encoder, text.config().integer("vocab_size"), tokenizers));
    }
    components.add(Component.scheduler(configs.schedulerClass(), configs.scheduler(prediction())));
    boolean inpainting = unet.shape("conv_in.weight").dim(1) == 9;
    Config index =
        Config.of(
            Map.of("_class_name", family.className(inpainting), "requires_safety_checker", false));
    return Checkpoint.of(Optional.of(path), index, components);
  }

  private Component tokenizer(Encoder encoder, int words, Optional<Path> named)
      throws CheckpointException {
    String name = encoder.tokenizer();
    Path folder = named.orElse(path.toAbsolutePath().resolveSibling("")).resolve(name);
    if (Files.isRegularFile(folder.resolve("vocab.json"))) {
      return Component.tokenizer(name, folder);
    }
    if (named.isEmpty() && words == ClipVocabulary.SIZE) {
      return Component.clipTokenizer(name, encoder.openClip() ? "!" : "<|endoftext|>");
    }
    throw new CheckpointException(
        String.format(
            "%s holds no tokenizer%s, and there is none in %s; name a folder that has %s, such as a"
                + " diffusers folder of the same family",
            path,
            words == ClipVocabulary.SIZE
                ? ""
                : ", and its " + words + " words are not the " + ClipVocabulary.SIZE + " of CLIP",
            folder,
            family.encoders().stream().map(Encoder::tokenizer).toList()));
  }

  private Component text(Encoder encoder) throws CheckpointException {
    boolean projects = encoder.component().equals("text_encoder_2");
    String className = projects ? "CLIPTextModelWithProjection" : "CLIPTextModel";
    Weights weights =
        encoder.openClip()
            ? weights(className, encoder.prefix(), openClip(encoder.prefix(), projects))
            : weights(className, encoder.prefix(), SingleFile::same);
    return Component.network(
        encoder.component(),
        className,
        configs.text(weights, encoder.openClip(), className),
        weights);
  }

  /** A stored tensor: its full name, its name below the prefix, its shape. */
  private record Stored(String full, String name, Shape shape) {}

  /** Gives what a stored tensor is to diffusers, by name; empty if it is unknown. */
  private interface Rule extends Function<Stored, Map<String, Source>> {}

  private static Map<String, Source> same(Stored tensor) {
    return Map.of(tensor.name, new Source(tensor.full, tensor.shape));
  }

  private static Rule layered(Function<String, Optional<String>> layers) {
    return tensor -> {
      int dot = tensor.name.lastIndexOf('.');
      return layers
          .apply(tensor.name.substring(0, Math.max(0, dot)))
          .map(
              layer ->
                  Map.of(layer + tensor.name.substring(dot), new Source(tensor.full, tensor.shape)))
          .orElse(Map.of());
    };
  }

  /**
   * Stable Diffusion 2 takes the state before the last layer, so its encoder lacks that layer and
   * the projection, as in diffusers.
   */
  private Rule openClip(String prefix, boolean projects) {
    int last = OpenClipNames.layers(file.names(), prefix) - 1;
    String dropped = "transformer.resblocks." + last + ".";
    return tensor -> {
      boolean unused =
          !projects && (tensor.name.startsWith(dropped) || tensor.name.equals("text_projection"));
      return unused || tensor.name.equals("logit_scale")
          ? UNUSED
          : OpenClipNames.sources(tensor.full, tensor.name, tensor.shape);
    };
  }

  private Weights weights(String className, String prefix, Rule rule) throws CheckpointException {
    Map<String, Source> sources = new TreeMap<>();
    List<String> unknown = new ArrayList<>();
    for (String full : file.names()) {
      if (!full.startsWith(prefix) || full.startsWith(prefix + "loss.")) {
        continue;
      }
      var tensor = new Stored(full, full.substring(prefix.length()), file.shape(full));
      Map<String, Source> found = rule.apply(tensor);
      if (found.isEmpty() && found != UNUSED) {
        unknown.add(full);
      }
      sources.putAll(found);
    }
    if (!unknown.isEmpty()) {
      throw new CheckpointException(
          String.format(
              "%s: %d tensors of an unknown layout: %s",
              path, unknown.size(), unknown.subList(0, Math.min(10, unknown.size()))));
    }
    return TensorNames.today(className, new RenamedWeights(stored, sources));
  }

  private int layersPerBlock() {
    int at = 0;
    while (stored.contains(
        SingleFileFamily.UNET + "input_blocks." + (at + 1) + ".0.in_layers.0.weight")) {
      at++;
    }
    return Math.max(1, at);
  }

  private int count(String list) {
    int count = 0;
    while (true) {
      String element = list + count + ".";
      if (file.names().stream().noneMatch(name -> name.startsWith(element))) {
        return count;
      }
      count++;
    }
  }

  /** As the file says; otherwise what the family's published models predict. */
  private String prediction() {
    String said = file.metadata().get("modelspec.prediction_type");
    if (said != null) {
      return said.equals("v") ? "v_prediction" : said;
    }
    boolean velocity =
        file.names().contains("v_pred") || family == SingleFileFamily.STABLE_DIFFUSION_2;
    return velocity ? "v_prediction" : "epsilon";
  }
}
