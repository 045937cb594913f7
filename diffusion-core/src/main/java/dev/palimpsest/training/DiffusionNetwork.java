package dev.palimpsest.training;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The network of a diffusion training with its loss: a U-Net and, in front of it, the text encoder.
 * Parameters bear their component's name first, as {@code unet.conv_in.weight}.
 */
final class DiffusionNetwork {
  static final String UNET = TextToImageNetwork.UNET;
  static final String TEXT = TextToImageNetwork.TEXT_ENCODER;

  private static final Set<String> INPUTS =
      Set.of("sample", "timestep", "class_labels", "encoder_hidden_states");

  private final Graph unet;
  private final Optional<Graph> text;
  private final DiffusionTrainingBuilder plan;

  DiffusionNetwork(DiffusionTrainingBuilder plan) {
    this.plan = plan;
    this.unet =
        plan.text.isPresent()
            ? UNet2DConditionModel.graph(plan.unet)
            : UNet2DModel.graph(plan.unet);
    this.text = plan.text.map(given -> ClipTextModel.graph(given.encoder()));
    for (Value input : unet.inputs().values()) {
      if (!INPUTS.contains(requireNonNull(input.name()))) {
        throw new UnsupportedModelException(
            "a U-Net with the input " + input + " is not trained from scratch; known: " + INPUTS);
      }
    }
  }

  boolean takesLabels() {
    return unet.inputs().containsKey("class_labels");
  }

  /**
   * The network with its loss.
   *
   * @param sample of an item
   */
  Graph withLoss(Shape sample, Optional<ClipTokenizer> tokenizer) {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("batch", (long) plan.batch);
    sizes.put("timesteps", (long) plan.batch);
    sizes.put("height", sample.dim(1));
    sizes.put("width", sample.dim(2));
    tokenizer.ifPresent(known -> sizes.put("tokens", (long) known.maxLength()));
    Graph bound = unet.bind(sizes);
    long channels = requireNonNull(bound.inputs().get("sample")).dim(1).size();
    checkArgument(
        channels == sample.dim(0),
        "the U-Net takes %s channels, the data set has %s",
        channels,
        sample);
    Graph whole =
        plan.text
            .map(given -> Map.of(UNET, plan.unet, TEXT, given.encoder()))
            .map(configs -> TextToImageNetwork.graph(configs, sizes))
            .orElseGet(() -> TextToImageNetwork.prefixed(bound, UNET, Map.of()));
    Value prediction = requireNonNull(whole.outputs().get("out_sample"));
    long expected = channels * plan.loss.channelFactor();
    checkArgument(
        prediction.dim(1).is(expected),
        "%s needs %s channels from the U-Net, which gives %s",
        plan.loss,
        expected,
        prediction);
    return Graph.of("diffusion", TrainingGraph.LOSS, plan.loss.of(prediction));
  }

  /** All weights to start from, by prefixed names. */
  Weights start() {
    Map<String, Tensor> all = new TreeMap<>();
    put(all, UNET, plan.initial.map(c -> c.weights(UNET)).orElseGet(this::randomUnet));
    if (text.isPresent()) {
      put(all, TEXT, plan.initial.map(c -> c.weights(TEXT)).orElseGet(this::randomText));
    }
    return Weights.of(all);
  }

  private Weights randomUnet() {
    return Initialization.torch(unet, plan.seed());
  }

  private Weights randomText() {
    return Initialization.clip(
        text.orElseThrow(), plan.text.orElseThrow().encoder(), plan.seed() + 1);
  }

  private static void put(Map<String, Tensor> all, String component, Weights weights) {
    weights.names().forEach(name -> all.put(component + "." + name, weights.get(name)));
  }

  /** What is trained: all but random frequencies of timesteps. */
  static Set<String> trainables(Graph network) {
    Set<String> names = new TreeSet<>(network.parameters().keySet());
    Value frequencies = network.parameters().get(UNET + ".time_proj.weight");
    if (frequencies != null && frequencies.shape().rank() == 1) {
      names.remove(UNET + ".time_proj.weight");
    }
    return names;
  }

  /**
   * The tensors of a component under their own names, those not among {@code trained} from start.
   */
  static Weights part(String component, Weights trained, Weights start) {
    Map<String, Tensor> tensors = new TreeMap<>();
    for (String name : start.names()) {
      if (name.startsWith(component + ".")) {
        Tensor tensor = trained.contains(name) ? trained.get(name) : start.get(name);
        tensors.put(name.substring(component.length() + 1), tensor);
      }
    }
    return Weights.of(tensors);
  }
}
