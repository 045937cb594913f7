package dev.palimpsest.graph;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.model.AddedVectors;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Networks of the golden cases with their weights, and inputs for them. */
record TinyNetwork(String name, Graph graph, Function<String, Tensor> weights) {
  private static final Map<String, Long> SIZES =
      Map.of("batch", 2L, "height", 16L, "width", 8L, "tokens", 7L, "timesteps", 1L);

  /** A U-Net with text and one without, both halves of an autoencoder, two text encoders. */
  static List<TinyNetwork> all() throws IOException {
    var networks = new ArrayList<TinyNetwork>();
    Component inpainting = component("unets_shared", "inpaint9_fp16");
    networks.add(of("unet", UNet2DConditionModel.graph(inpainting.config()), inpainting));
    Component classes = component("unets_shared", "class_learned_scaleshift");
    networks.add(of("unet2d", UNet2DModel.graph(classes.config()), classes));
    Component vae = component("vae", "vae_sd");
    networks.add(of("vae_encoder", AutoencoderKL.encoderGraph(vae.config()), vae));
    networks.add(of("vae_decoder", AutoencoderKL.decoderGraph(vae.config()), vae));
    for (String clip : List.of("clip_small_gelu", "clip_full_fp16")) {
      Component text = component("text", clip);
      networks.add(of(clip, ClipTextModel.graph(text.config()), text));
    }
    return networks;
  }

  /** The graphs of every U-Net of the golden cases, of the autoencoder and the text encoders. */
  static List<Graph> everyGraph() throws IOException {
    var graphs = new ArrayList<Graph>();
    all().forEach(network -> graphs.add(network.graph));
    Config text = component("text", "clip_small_gelu").config();
    graphs.add(
        ClipTextModel.graph(
            text, List.of(ClipTextModel.LAST_HIDDEN_STATE), new AddedVectors(7, 2)));
    GoldenArrays unets = GoldenArrays.read("unets");
    for (JsonNode golden : unets.cases("unet2d_condition")) {
      graphs.add(UNet2DConditionModel.graph(config(golden)));
    }
    for (JsonNode golden : unets.cases("unet2d")) {
      graphs.add(UNet2DModel.graph(config(golden)));
    }
    return graphs;
  }

  private static Config config(JsonNode golden) {
    return Config.of(
        new ObjectMapper()
            .convertValue(golden.get("config"), new TypeReference<Map<String, Object>>() {}));
  }

  private static Component component(String area, String name) throws IOException {
    return Checkpoint.readComponent(GoldenArrays.file(area, name));
  }

  private static TinyNetwork of(String name, Graph graph, Component component) {
    return new TinyNetwork(name, graph, component.weights()::get);
  }

  /** Inputs that a seed determines. */
  Map<String, Tensor> inputs() {
    var generator = new TorchGenerator(5);
    var inputs = new LinkedHashMap<String, Tensor>();
    graph
        .inputs()
        .forEach(
            (input, value) -> {
              Shape shape = value.dims().bind(SIZES).shape();
              if (input.equals("timestep")) {
                inputs.put(input, Tensor.of(shape, 601f));
              } else if (value.dtype() == DType.FLOAT32) {
                inputs.put(input, generator.randn(shape));
              } else {
                inputs.put(input, integers(shape));
              }
            });
    return inputs;
  }

  private static Tensor integers(Shape shape) {
    long[] values = new long[(int) shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 5;
    }
    return Tensor.of(shape, values);
  }

  @Override
  public String toString() {
    return requireNonNull(name);
  }
}
