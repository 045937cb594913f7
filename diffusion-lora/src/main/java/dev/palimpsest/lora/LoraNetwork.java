package dev.palimpsest.lora;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.DiffusionLoss;
import dev.palimpsest.training.SeededStream;
import dev.palimpsest.training.TextToImageNetwork;
import dev.palimpsest.training.TrainingGraph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A text-to-image network with a LoRA beside it as one graph, from token ids to the loss: what
 * {@link LoraTraining} trains, for those who bring their own batches. Its trained parameters are
 * {@code <component>.<module>.lora_A.weight} and {@code lora_B.weight}. Immutable.
 */
public final class LoraNetwork {
  /** Numbers that SDXL is told about a picture's size. */
  private static final long SIZES = 6;

  private static final String DROPOUT = "lora_dropout";

  private final Checkpoint base;
  private final Map<String, Config> configs;
  private final Map<String, Site> sites;
  private final int rank;
  private final double alpha;
  private final double dropout;
  private final boolean prior;

  /**
   * A module that gets matrices.
   *
   * @param weight the shape of its weight
   * @param outputRank the number of dimensions of what it gives
   */
  private record Site(Shape weight, int outputRank) {}

  private LoraNetwork(
      Checkpoint base,
      Map<String, Config> configs,
      Map<String, Site> sites,
      int rank,
      double alpha,
      double dropout,
      boolean prior) {
    this.base = base;
    this.configs = configs;
    this.sites = sites;
    this.rank = rank;
    this.alpha = alpha;
    this.dropout = dropout;
    this.prior = prior;
  }

  /**
   * The network of a checkpoint.
   *
   * @param targets of the U-Net; those of text encoders count if {@code text} says so
   * @param text whether text encoders get matrices
   * @throws IllegalArgumentException if no module is called so
   */
  public static LoraNetwork of(Checkpoint base, LoraTargets targets, TextMatrices text, int rank) {
    checkArgument(rank >= 1, "rank must be >= 1, was %s", rank);
    Map<String, Config> configs = new LinkedHashMap<>();
    for (String name :
        List.of(
            TextToImageNetwork.TEXT_ENCODER,
            TextToImageNetwork.TEXT_ENCODER_2,
            TextToImageNetwork.UNET)) {
      if (base.has(name)) {
        configs.put(name, base.config(name));
      }
    }
    Map<String, Site> sites = new TreeMap<>();
    Graph network = TextToImageNetwork.graph(configs, sizes(1, 8, 8, 1));
    network.replaceProducts(
        product -> {
          LoraTarget target = target(product.name());
          boolean wanted = text == TextMatrices.TRAINED || target.component().equals("unet");
          if (wanted && targets.has(target.component(), target.module())) {
            int dims = product.output().dims().rank();
            sites.put(target.toString(), new Site(product.weight().shape(), dims));
          }
          return product.output();
        });
    checkArgument(!sites.isEmpty(), "no module of %s is called as one of %s", base, targets);
    return new LoraNetwork(base, configs, sites, rank, rank, 0, false);
  }

  /** Whether text encoders get matrices too. */
  public enum TextMatrices {
    FROZEN,
    TRAINED
  }

  private static LoraTarget target(String parameter) {
    int dot = parameter.indexOf('.');
    return new LoraTarget(
        parameter.substring(0, dot), parameter.substring(dot + 1).replaceFirst("\\.weight$", ""));
  }

  private static Map<String, Long> sizes(long batch, long height, long width, long tokens) {
    return Map.of(
        "batch",
        batch,
        "timesteps",
        batch,
        "height",
        height,
        "width",
        width,
        "tokens",
        tokens,
        "ids",
        SIZES);
  }

  /** With another alpha than the rank. */
  public LoraNetwork alpha(double value) {
    checkArgument(Double.isFinite(value) && value > 0, "alpha must be > 0, was %s", value);
    return new LoraNetwork(base, configs, sites, rank, value, dropout, prior);
  }

  /**
   * Whose matrices each leave out some of their directions, for each row and step at random: how
   * often. The others grow accordingly. (peft leaves out inputs instead.)
   */
  public LoraNetwork dropout(double probability) {
    checkArgument(
        0 <= probability && probability < 1, "dropout must be in [0, 1), was %s", probability);
    return new LoraNetwork(base, configs, sites, rank, alpha, probability, prior);
  }

  /** Whose graphs take rows that {@link PriorPrediction} tells, at the cost of a second forward. */
  LoraNetwork priorPrediction() {
    return new LoraNetwork(base, configs, sites, rank, alpha, dropout, true);
  }

  /** The modules that get matrices. */
  public List<LoraTarget> targets() {
    List<LoraTarget> targets = new ArrayList<>();
    sites.keySet().forEach(path -> targets.add(target(path)));
    return targets;
  }

  int rank() {
    return rank;
  }

  double alpha() {
    return alpha;
  }

  boolean takesSizes() {
    return configs.containsKey(TextToImageNetwork.TEXT_ENCODER_2);
  }

  /**
   * The graph for batches of one size; its inputs are those of the network and of the loss.
   *
   * @param latents [batch, channels, height, width]
   * @param tokens ids of a caption
   */
  public Graph graph(DiffusionLoss loss, Shape latents, int tokens) {
    long batch = latents.dim(0);
    Graph network =
        TextToImageNetwork.graph(configs, sizes(batch, latents.dim(2), latents.dim(3), tokens));
    Map<String, LoraModule> modules = modules(initial(0));
    Graph adapted = new LoraBranches("", modules, strength(batch)).beside(network);
    Value prediction = prediction(adapted);
    Value compared = prior ? PriorPrediction.of(prediction, prediction(network)) : prediction;
    return Graph.of("lora", TrainingGraph.LOSS, loss.of(compared));
  }

  private static Value prediction(Graph network) {
    return requireNonNull(network.outputs().get("out_sample"));
  }

  private Function<String, Value> strength(long batch) {
    if (dropout == 0) {
      return path -> Value.constant(1f);
    }
    Value all = Value.input(DROPOUT, DType.FLOAT32, Dims.of(sites.size(), batch, rank));
    List<String> order = new ArrayList<>(sites.keySet());
    return path -> {
      int index = order.indexOf(path);
      Value own = all.slice(0, index, index + 1);
      return switch (requireNonNull(sites.get(path)).outputRank) {
        case 2 -> own.reshape(batch, rank);
        case 3 -> own.reshape(batch, 1, rank);
        default -> own.reshape(batch, rank, 1, 1);
      };
    };
  }

  /** The inputs that {@link #dropout(double)} needs for a batch; none without it. */
  Map<String, Tensor> dropout(int batch, SeededStream random) {
    if (dropout == 0) {
      return Map.of();
    }
    float[] factors = new float[sites.size() * batch * rank];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = random.chance(dropout) ? 0 : (float) (1 / (1 - dropout));
    }
    return Map.of(DROPOUT, Tensor.of(Shape.of(sites.size(), batch, rank), factors));
  }

  /**
   * Matrices to start from as peft's: A uniform within ±1/√inputs (Kaiming with a = √5), B zero.
   */
  public Weights initial(long seed) {
    Map<String, Tensor> start = new TreeMap<>();
    sites.forEach(
        (path, site) -> {
          Shape weight = site.weight;
          double bound = 1 / Math.sqrt((double) weight.elements() / weight.dim(0));
          SeededStream random = SeededStream.of(seed, path);
          Shape down = weight.withDim(0, rank);
          float[] values = new float[Math.toIntExact(down.elements())];
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) (bound * (2 * random.uniform() - 1));
          }
          start.put(LoraBranches.down(path), Tensor.of(down, values));
          Shape up =
              weight.rank() == 2
                  ? Shape.of(weight.dim(0), rank)
                  : Shape.of(weight.dim(0), rank, 1, 1);
          start.put(LoraBranches.up(path), Tensor.zeros(up));
        });
    return Weights.of(start);
  }

  /** All weights that are not trained, layers applied, by the graph's names. */
  public Weights frozen() {
    Map<String, Tensor> all = new TreeMap<>();
    for (String component : configs.keySet()) {
      Weights own = base.weights(component);
      own.names().forEach(name -> all.put(component + "." + name, own.get(name)));
    }
    return Weights.of(all);
  }

  private Map<String, LoraModule> modules(Weights matrices) {
    Map<String, LoraModule> modules = new TreeMap<>();
    for (String path : sites.keySet()) {
      Tensor down = matrices.get(LoraBranches.down(path));
      modules.put(path, LoraModule.of(down, matrices.get(LoraBranches.up(path)), alpha));
    }
    return modules;
  }

  /** The LoRA of trained matrices. */
  public Lora lora(String name, Weights matrices, Map<String, String> metadata) {
    Map<LoraTarget, LoraModule> modules = new TreeMap<>();
    modules(matrices).forEach((path, module) -> modules.put(target(path), module));
    return Lora.of(name, modules, metadata);
  }
}
