package dev.palimpsest.examples.conformance;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.autodiff.Gradients;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Area {@code grads}: gradients of a loss with respect to all weights and inputs. */
final class GradientCases {
  private static final List<String> INPUTS = List.of("sample", "encoder_hidden_states");

  private GradientCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("unet_gradients", GradientCases::run);
  }

  private static void run(ConformanceCase c) throws IOException {
    Component unet = Checkpoint.readComponent(c.model());
    Graph symbolic =
        c.has("encoder_hidden_states")
            ? UNet2DConditionModel.graph(unet.config())
            : UNet2DModel.graph(unet.config());
    Graph training = training(symbolic.bind(sizes(c)), c.input("target").shape());
    try (Session session = Session.open(training, unet.weights()::get, Device.cpu())) {
      session.run(inputs(c, session)).forEach(c::put);
    }
  }

  private static Map<String, Long> sizes(ConformanceCase c) throws IOException {
    var sizes = new HashMap<String, Long>();
    Shape sample = c.input("sample").shape();
    sizes.put("batch", sample.dim(0));
    sizes.put("timesteps", c.input("timestep").shape().elements());
    sizes.put("height", sample.dim(2));
    sizes.put("width", sample.dim(3));
    if (c.has("encoder_hidden_states")) {
      sizes.put("tokens", c.input("encoder_hidden_states").shape().dim(1));
    }
    return sizes;
  }

  /** The network's output, the mean squared error, and every gradient of it. */
  private static Graph training(Graph network, Shape targetShape) {
    Value output = network.outputs().values().iterator().next();
    Value target = Value.input("target", DType.FLOAT32, Dims.of(targetShape));
    Value error = output.sub(target);
    Value loss = error.mul(error).mean(0, 1, 2, 3).reshape(1);
    var names = new ArrayList<String>();
    var wanted = new ArrayList<Value>();
    for (String input : INPUTS) {
      if (network.inputs().containsKey(input)) {
        names.add("grad_in/" + input);
        wanted.add(requireNonNull(network.inputs().get(input)));
      }
    }
    network
        .parameters()
        .forEach(
            (name, parameter) -> {
              names.add("grad/" + name);
              wanted.add(parameter);
            });
    var outputs = new LinkedHashMap<String, Value>();
    outputs.put("output", output);
    outputs.put("loss", loss);
    List<Value> gradients = Gradients.of(loss, wanted);
    for (int i = 0; i < names.size(); i++) {
      outputs.put(names.get(i), gradients.get(i));
    }
    return Graph.of("training", outputs);
  }

  private static Map<String, Tensor> inputs(ConformanceCase c, Session session) throws IOException {
    var inputs = new HashMap<String, Tensor>();
    for (var spec : session.inputs().values()) {
      Tensor given = c.input(spec.name());
      inputs.put(
          spec.name(),
          spec.dtype() == DType.FLOAT32 && !given.dtype().isFloating()
              ? Tensor.of(given.shape(), given.floats())
              : given);
    }
    return inputs;
  }
}
