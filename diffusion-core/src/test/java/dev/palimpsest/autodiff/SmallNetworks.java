package dev.palimpsest.autodiff;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.OnnxModel;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Small networks of every kind with the weights of the golden cases, bound to small sizes. */
final class SmallNetworks {
  private static final Map<String, Long> SIZES =
      Map.of(
          "batch",
          2L,
          "timesteps",
          2L,
          "tokens",
          5L,
          "sequence",
          5L,
          "steps",
          2L,
          "height",
          8L,
          "width",
          8L,
          "h",
          8L,
          "w",
          8L);

  /**
   * @param output a floating one
   * @param cotangent random numbers of the output's shape
   */
  record Network(
      String name,
      Graph graph,
      Map<String, Tensor> weights,
      Map<String, Tensor> inputs,
      Value output,
      Tensor cotangent) {

    List<Value> wanted() {
      return List.copyOf(graph.parameters().values());
    }

    List<Value> gradients(Recomputation recomputation) {
      return Gradients.of(
          List.of(output), List.of(Value.constant(cotangent)), wanted(), recomputation);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private SmallNetworks() {}

  static List<Network> all() throws IOException {
    var all = new ArrayList<Network>();
    all.add(of("text-conditional U-Net", "unets_shared/deep3_lcm", UNet2DConditionModel::graph));
    all.add(
        of("class-conditional U-Net", "unets_shared/class_learned_scaleshift", UNet2DModel::graph));
    all.add(of("U-Net", "unets_shared/resnet_updown_timestepclass", UNet2DModel::graph));
    all.add(of("text encoder", "text/clip_small_proj", ClipTextModel::graph));
    all.add(of("encoder", "vae/vae_sd", AutoencoderKL::encoderGraph));
    all.add(of("decoder", "vae/vae_sd", AutoencoderKL::decoderGraph));
    all.add(exported("unet"));
    all.add(exported("text_encoder"));
    all.add(exported("vae_decoder"));
    return all;
  }

  static Network of(String name, String model, Function<Config, Graph> network) throws IOException {
    String[] parts = model.split("/", 2);
    Component component = Checkpoint.readComponent(GoldenArrays.file(parts[0], parts[1]));
    return of(name, network.apply(component.config()), component.weights()::get);
  }

  /** As torch's exporter wrote it. */
  private static Network exported(String name) throws IOException {
    OnnxModel model =
        Onnx.read(GoldenArrays.file("onnx_export", "sd_onnx/" + name + "/model.onnx"));
    return of("exported " + name, model.graph(), key -> model.parameters().get(key));
  }

  private static Network of(
      String name, Graph symbolic, Function<String, @Nullable Tensor> parameters) {
    Graph graph = symbolic.bind(SIZES);
    var random = new Random(7);
    var weights = new LinkedHashMap<String, Tensor>();
    for (String key : graph.parameters().keySet()) {
      weights.put(key, requireNonNull(parameters.apply(key), key).as(DType.FLOAT32));
    }
    var inputs = new LinkedHashMap<String, Tensor>();
    graph.inputs().forEach((key, value) -> inputs.put(key, input(value, random)));
    Value output = last(graph);
    return new Network(
        name, graph, weights, inputs, output, Tensor.of(output.shape(), numbers(output, random)));
  }

  private static Value last(Graph graph) {
    return List.copyOf(graph.outputs().values()).get(graph.outputs().size() - 1);
  }

  private static Tensor input(Value value, Random random) {
    if (!value.dtype().isFloating()) {
      long[] labels = random.longs(value.shape().elements(), 0, 10).toArray();
      return Tensor.of(value.shape(), labels);
    }
    float[] values = numbers(value, random);
    if ("timestep".equals(value.name())) {
      Arrays.fill(values, 321);
    }
    return Tensor.of(value.shape(), values);
  }

  private static float[] numbers(Value value, Random random) {
    float[] values = new float[(int) value.shape().elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
