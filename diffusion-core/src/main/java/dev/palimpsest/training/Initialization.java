package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;

/**
 * Weights to start a training from, distributed as the reference's. A parameter's numbers are
 * decided by the seed and its name, so neither order nor other parameters matter.
 */
public final class Initialization {
  private static final String FREQUENCIES = "time_proj.";

  private final long seed;
  private final Map<String, Value> parameters;

  private Initialization(long seed, Map<String, Value> parameters) {
    this.seed = seed;
    this.parameters = parameters;
  }

  /**
   * As torch and diffusers initialise: layers and convolutions uniformly within ±1 / sqrt(fan-in),
   * their biases too; normalisations 1 and 0; embedding tables and random frequencies of timesteps
   * standard normal, the latter times 16 in a U-Net without text. For U-Nets, autoencoders and
   * classifiers.
   *
   * @param graph whose parameters bear torch's names
   */
  public static Weights torch(Graph graph, long seed) {
    var init = new Initialization(seed, graph.parameters());
    double fourierScale = graph.inputs().containsKey("encoder_hidden_states") ? 1 : 16;
    return init.all((name, shape) -> init.ofTorch(name, shape, fourierScale));
  }

  /**
   * As transformers initialises CLIP's text encoder (modeling_clip.py, {@code _init_weights}):
   * normal, with deviations that depend on width and depth; biases 0, normalisations 1 and 0.
   *
   * @param config the encoder's
   */
  public static Weights clip(Graph graph, Config config, long seed) {
    var init = new Initialization(seed, graph.parameters());
    double factor = config.number("initializer_factor", 1);
    double width = config.integer("hidden_size", 512);
    double depth = config.integer("num_hidden_layers", 12);
    return init.all(
        (name, shape) ->
            shape.rank() < 2
                ? filled(shape, name.endsWith("bias") ? 0 : 1)
                : init.normal(name, shape, factor * clipDeviation(name, width, depth)));
  }

  private static double clipDeviation(String name, double width, double depth) {
    if (name.contains("embeddings.")) {
      return 0.02;
    }
    if (name.contains("out_proj") || name.contains("text_projection")) {
      return Math.pow(width, -0.5);
    }
    return name.contains("fc1") ? Math.pow(2 * width, -0.5) : Math.pow(2 * depth * width, -0.5);
  }

  private Weights all(BiFunction<String, Shape, Tensor> start) {
    Map<String, Tensor> weights = new TreeMap<>();
    parameters.forEach(
        (name, value) -> {
          checkArgument(value.dtype().isFloating(), "parameter %s is %s", name, value.dtype());
          weights.put(name, start.apply(name, value.shape()));
        });
    return Weights.of(weights);
  }

  private Tensor ofTorch(String name, Shape shape, double fourierScale) {
    String layer = name.substring(0, name.lastIndexOf('.') + 1);
    if (layer.equals(FREQUENCIES) && shape.rank() == 1) {
      return normal(name, shape, fourierScale);
    }
    Value weight = parameters.get(layer + "weight");
    Shape decides = weight == null ? shape : weight.shape();
    if (decides.rank() < 2) {
      return filled(shape, name.endsWith("bias") ? 0 : 1);
    }
    if (isTable(layer)) {
      return normal(name, shape, 1);
    }
    double fanIn = (double) decides.elements() / decides.dim(0);
    return stream(name).uniform(shape, 1 / Math.sqrt(fanIn));
  }

  /** Tables have no bias; layers of these names have. */
  private boolean isTable(String layer) {
    return (layer.endsWith("embedding.") || layer.equals(FREQUENCIES))
        && !parameters.containsKey(layer + "bias");
  }

  private SeededStream stream(String name) {
    return SeededStream.of(seed, name);
  }

  private Tensor normal(String name, Shape shape, double deviation) {
    Tensor normal = stream(name).gaussian(shape);
    float[] values = normal.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] *= (float) deviation;
    }
    return normal;
  }

  private static Tensor filled(Shape shape, float value) {
    float[] values = new float[Math.toIntExact(shape.elements())];
    Arrays.fill(values, value);
    return Tensor.of(shape, values);
  }
}
