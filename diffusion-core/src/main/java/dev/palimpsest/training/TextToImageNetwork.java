package dev.palimpsest.training;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A U-Net with its text encoders in front, as one graph from token ids to a prediction. Parameters
 * bear their component's name first, as {@code unet.conv_in.weight}.
 *
 * <p>Inputs beside the U-Net's own: {@code input_ids}, int64 [batch, tokens], and with two encoders
 * (SDXL) {@code input_ids_2}. Output {@code out_sample}.
 */
public final class TextToImageNetwork {
  public static final String UNET = "unet";
  public static final String TEXT_ENCODER = "text_encoder";
  public static final String TEXT_ENCODER_2 = "text_encoder_2";

  private static final String STATES = "encoder_hidden_states";
  private static final String PENULTIMATE = ClipTextModel.hiddenState(-2);

  private TextToImageNetwork() {}

  /**
   * The graph for known sizes.
   *
   * @param configs of the U-Net and one or two text encoders, by component
   * @param sizes of batch, timesteps, height, width (of latents) and tokens
   */
  public static Graph graph(Map<String, Config> configs, Map<String, Long> sizes) {
    Map<String, Value> conditions = new HashMap<>();
    if (configs.containsKey(TEXT_ENCODER_2)) {
      Graph first = encoder(TEXT_ENCODER, configs, sizes, PENULTIMATE);
      Graph second =
          encoder(TEXT_ENCODER_2, configs, sizes, PENULTIMATE, ClipTextModel.TEXT_EMBEDS);
      conditions.put(
          STATES, Value.concat(2, output(first, PENULTIMATE), output(second, PENULTIMATE)));
      conditions.put(ClipTextModel.TEXT_EMBEDS, output(second, ClipTextModel.TEXT_EMBEDS));
    } else {
      String state = ClipTextModel.LAST_HIDDEN_STATE;
      conditions.put(STATES, output(encoder(TEXT_ENCODER, configs, sizes, state), state));
    }
    Graph unet = UNet2DConditionModel.graph(config(UNET, configs)).bind(sizes);
    return prefixed(unet, UNET, conditions);
  }

  private static Config config(String component, Map<String, Config> configs) {
    return requireNonNull(configs.get(component), component);
  }

  private static Graph encoder(
      String component, Map<String, Config> configs, Map<String, Long> sizes, String... outputs) {
    Graph graph = ClipTextModel.graph(config(component, configs), List.of(outputs)).bind(sizes);
    Value ids = requireNonNull(graph.inputs().get(ClipTextModel.INPUT_IDS));
    return prefixed(
        graph,
        component,
        Map.of(ClipTextModel.INPUT_IDS, Value.input(ids(component), ids.dtype(), ids.dims())));
  }

  /** The input that holds a text encoder's token ids. */
  public static String ids(String component) {
    return ClipTextModel.INPUT_IDS + component.substring(TEXT_ENCODER.length());
  }

  private static Value output(Graph graph, String name) {
    return requireNonNull(graph.outputs().get(name), name);
  }

  /** A component's graph with some inputs replaced and its name before those of its parameters. */
  static Graph prefixed(Graph graph, String component, Map<String, Value> inputs) {
    return graph.replaceLeaves(
        leaf -> {
          if (leaf.isParameter()) {
            return Value.parameter(component + "." + leaf.name(), leaf.dtype(), leaf.shape());
          }
          return leaf.isInput() ? inputs.getOrDefault(requireNonNull(leaf.name()), leaf) : leaf;
        });
  }
}
