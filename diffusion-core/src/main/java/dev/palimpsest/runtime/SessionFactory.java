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
import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Dim;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.SessionSettings.Optimization;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  private static final String WEIGHTS = "weights";
  private static final long LEAST_SHARED = 1 << 16;

  private final Device device;
  private final SessionSettings settings;

  SessionFactory(Device device, SessionSettings settings) {
    this.device = device;
    this.settings = settings;
  }

  /** A native session of a graph; weights that are not shared may be freed afterwards. */
  NativeSession open(Graph graph, Function<String, Tensor> parameters) throws OrtException {
    Map<String, Tensor> weights = weights(graph, parameters);
    Set<String> kept =
        isSharing() ? Maps.filterValues(weights, SessionFactory::pays).keySet() : Set.of();
    Graph lowered =
        graph.lowered(Maps.transformValues(weights, Tensor::dtype), settings.usualSizes(), kept);
    Map<String, Tensor> shared = inPlace(graph, lowered, weights);
    byte[] model = Onnx.modelWithoutWeights(lowered, WEIGHTS);
    return shared.isEmpty()
        ? create(
            (environment, options) -> environment.createSession(model, options),
            weights,
            shared.keySet())
        : sharing(model, weights, shared.keySet());
  }

  /** The weights that are read where they lie. */
  private Map<String, Tensor> inPlace(Graph graph, Graph lowered, Map<String, Tensor> weights) {
    Set<String> edited = settings.editedWeights();
    for (String name : edited) {
      Tensor weight = weights.get(name);
      checkArgument(weight != null, "session %s has no weight %s to edit", graph.name(), name);
      checkArgument(
          !device.isCuda() && OrtTensors.isInPlace(weight),
          "session %s: the weight %s cannot be edited: it is read in place from direct memory only,"
              + " on the CPU",
          graph.name(),
          name);
    }
    Set<String> factors = isSharing() ? lowered.factors() : Set.of();
    return Maps.filterEntries(
        weights,
        e -> edited.contains(e.getKey()) || (factors.contains(e.getKey()) && pays(e.getValue())));
  }

  private boolean isSharing() {
    return settings.sharedWeights() && !device.isCuda();
  }

  private static boolean pays(Tensor weight) {
    return weight.dtype() == DType.FLOAT32
        && weight.elements() >= LEAST_SHARED
        && OrtTensors.isInPlace(weight);
  }

  /** A native session of a file that was inspected before. */
  NativeSession open(Path model) throws OrtException {
    return Natives.call(
        (environment, exit) -> {
          try (SessionOptions options = options()) {
            OrtSession session = environment.createSession(model.toString(), options);
            return new NativeSession(session, List.of());
          }
        });
  }

  /**
   * ONNX Runtime takes weights in place only beside a model in a folder whose data file is there.
   * It never reads that file, which is one long hole.
   */
  private NativeSession sharing(byte[] model, Map<String, Tensor> weights, Set<String> shared)
      throws OrtException {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("palimpsest-session");
      Path file = Files.write(folder.resolve("model.onnx"), model);
      try (var hole = new RandomAccessFile(folder.resolve(WEIGHTS).toFile(), "rw")) {
        hole.setLength(weights.values().stream().mapToLong(SessionFactory::floatBytes).sum());
      }
      return create(
          (environment, options) -> environment.createSession(file.toString(), options),
          weights,
          shared);
    } catch (IOException e) {
      throw new InferenceException("no session can be made in the temporary folder: " + e, e);
    } finally {
      if (folder != null) {
        delete(folder.resolve(WEIGHTS));
        delete(folder.resolve("model.onnx"));
        delete(folder);
      }
    }
  }

  private static long floatBytes(Tensor weight) {
    return Math.max(weight.byteSize(), weight.elements() * Float.BYTES);
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      path.toFile().deleteOnExit();
    }
  }

  /** How a model is handed to ONNX Runtime: as bytes or as a file. */
  private interface Model {
    OrtSession open(OrtEnvironment environment, SessionOptions options) throws OrtException;
  }

  private NativeSession create(Model model, Map<String, Tensor> weights, Set<String> shared)
      throws OrtException {
    return Natives.call((environment, exit) -> create(environment, model, weights, shared));
  }

  private NativeSession create(
      OrtEnvironment environment, Model model, Map<String, Tensor> weights, Set<String> shared)
      throws OrtException {
    var inPlace = new ArrayList<OnnxTensorLike>();
    var copied = new LinkedHashMap<String, OnnxTensorLike>();
    try (SessionOptions options = options()) {
      for (Map.Entry<String, Tensor> weight : weights.entrySet()) {
        OnnxTensorLike tensor = OrtTensors.toNative(environment, weight.getValue());
        if (shared.contains(weight.getKey())) {
          inPlace.add(tensor);
          options.addInitializer(weight.getKey(), tensor);
        } else {
          copied.put(weight.getKey(), tensor);
        }
      }
      if (!copied.isEmpty()) {
        options.addExternalInitializers(copied);
      }
      return new NativeSession(model.open(environment, options), inPlace);
    } catch (OrtException | RuntimeException e) {
      inPlace.forEach(OnnxValue::close);
      throw e;
    } finally {
      copied.values().forEach(OnnxValue::close);
    }
  }

  /** Layouts for the processor would be made of copies. */
  private @Nullable OptLevel level() {
    if (!settings.editedWeights().isEmpty()) {
      return OptLevel.NO_OPT;
    }
    boolean all = settings.optimization() == Optimization.ALL;
    return LEVELS.get(
        all && settings.sharedWeights() ? Optimization.EXTENDED : settings.optimization());
  }

  private SessionOptions options() throws OrtException {
    var options = new SessionOptions();
    try {
      options.setIntraOpNumThreads(device.threads());
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      options.setOptimizationLevel(level());
      options.addConfigEntry(
          "session.disable_prepacking",
          settings.prepacking() && !settings.sharedWeights() && settings.editedWeights().isEmpty()
              ? "0"
              : "1");
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
