package dev.palimpsest.runtime;

import static com.google.common.base.Preconditions.checkArgument;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import ai.onnxruntime.TensorInfo;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Dim;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.SessionSettings.Optimization;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes native sessions. */
final class SessionFactory {
  private static final ImmutableMap<Optimization, OptLevel> LEVELS =
      Maps.immutableEnumMap(
          Map.of(
              Optimization.NONE, OptLevel.NO_OPT,
              Optimization.BASIC, OptLevel.BASIC_OPT,
              Optimization.EXTENDED, OptLevel.EXTENDED_OPT,
              Optimization.ALL, OptLevel.ALL_OPT));

  private final Device device;
  private final SessionSettings settings;

  SessionFactory(Device device, SessionSettings settings) {
    this.device = device;
    this.settings = settings;
  }

  /** A native session of a graph; the weights are copied and may be freed afterwards. */
  OrtSession open(Graph graph, Function<String, Tensor> parameters) throws OrtException {
    Map<String, Tensor> weights = weights(graph, parameters);
    byte[] model =
        Onnx.modelWithoutWeights(
            graph.lowered(Maps.transformValues(weights, Tensor::dtype), settings.usualSizes()),
            "-");
    return Natives.call((environment, exit) -> create(environment, model, weights));
  }

  /** A native session of a file that was inspected before. */
  OrtSession open(Path model) throws OrtException {
    return Natives.call(
        (environment, exit) -> {
          try (SessionOptions options = options()) {
            return environment.createSession(model.toString(), options);
          }
        });
  }

  private OrtSession create(OrtEnvironment environment, byte[] model, Map<String, Tensor> weights)
      throws OrtException {
    var tensors = new LinkedHashMap<String, OnnxTensorLike>();
    try (SessionOptions options = options()) {
      for (Map.Entry<String, Tensor> weight : weights.entrySet()) {
        tensors.put(weight.getKey(), OrtTensors.toNative(environment, weight.getValue()));
      }
      if (!tensors.isEmpty()) {
        options.addExternalInitializers(tensors);
      }
      return environment.createSession(model, options);
    } finally {
      tensors.values().forEach(OnnxValue::close);
    }
  }

  private SessionOptions options() throws OrtException {
    var options = new SessionOptions();
    try {
      options.setIntraOpNumThreads(device.threads());
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      options.setOptimizationLevel(LEVELS.get(settings.optimization()));
      options.addConfigEntry("session.disable_prepacking", settings.prepacking() ? "0" : "1");
      options.setCPUArenaAllocator(settings.arena());
      options.setMemoryPatternOptimization(settings.memoryPattern());
      device.configure(options);
      return options;
    } catch (OrtException | RuntimeException e) {
      options.close();
      throw e;
    }
  }

  private static Map<String, Tensor> weights(Graph graph, Function<String, Tensor> parameters) {
    var weights = new LinkedHashMap<String, Tensor>();
    graph
        .parameters()
        .forEach((name, value) -> weights.put(name, weight(graph, value, parameters.apply(name))));
    return weights;
  }

  private static Tensor weight(Graph graph, Value parameter, @Nullable Tensor found) {
    checkArgument(
        found != null,
        "session %s: no weight for parameter %s, expected %s%s",
        graph.name(),
        parameter.name(),
        parameter.dtype(),
        parameter.shape());
    DType expected = parameter.dtype();
    boolean convertible = found.dtype().isFloating() && expected.isFloating();
    checkArgument(
        found.shape().equals(parameter.shape()) && (convertible || found.dtype() == expected),
        "session %s: the weight for parameter %s is %s, expected %s%s",
        graph.name(),
        parameter.name(),
        found,
        expected,
        parameter.shape());
    return found;
  }

  static Map<String, TensorSpec> specs(Map<String, Value> values) {
    var specs = new LinkedHashMap<String, TensorSpec>();
    values.forEach(
        (name, value) -> specs.put(name, new TensorSpec(name, value.dtype(), value.dims())));
    return specs;
  }

  /** Inputs or outputs as the native session tells them. */
  static Map<String, TensorSpec> specsOf(Map<String, NodeInfo> infos) {
    var specs = new LinkedHashMap<String, TensorSpec>();
    infos.forEach((name, info) -> specs.put(name, spec(name, info)));
    return specs;
  }

  private static TensorSpec spec(String name, NodeInfo node) {
    if (!(node.getInfo() instanceof TensorInfo)) {
      throw new UnsupportedModelException(
          name + " is " + node.getInfo() + "; only tensors are supported");
    }
    var info = (TensorInfo) node.getInfo();
    long[] shape = info.getShape();
    String[] symbols = info.getDimensionNames();
    var dims = new ArrayList<Dim>();
    for (int axis = 0; axis < shape.length; axis++) {
      String symbol = symbols[axis].isEmpty() ? name + "_" + axis : symbols[axis];
      dims.add(shape[axis] >= 0 ? Dim.of(shape[axis]) : Dim.symbol(symbol));
    }
    return new TensorSpec(name, OrtTensors.dtype(info.type), Dims.of(dims));
  }
}
