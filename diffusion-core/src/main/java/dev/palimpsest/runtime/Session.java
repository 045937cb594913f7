package dev.palimpsest.runtime;

import static com.google.common.base.Preconditions.checkArgument;

import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/**
 * A graph with its weights on a device, ready to run. Whoever opens it closes it. Thread-safe: any
 * number of threads may run at once, {@link #close} waits for them.
 */
public final class Session implements AutoCloseable {
  private final String name;
  private final Map<String, TensorSpec> inputs;
  private final Map<String, TensorSpec> outputs;
  private final OrtSession session;
  // Native code reads these in place: they live as long as the session.
  private List<Tensor> weights;

  private final ReentrantReadWriteLock lifecycle = new ReentrantReadWriteLock();
  private volatile boolean closed;
  private boolean released; // written under the write lock

  private Session(
      String name,
      Map<String, TensorSpec> inputs,
      Map<String, TensorSpec> outputs,
      OrtSession session,
      List<Tensor> weights) {
    this.name = name;
    this.inputs = Collections.unmodifiableMap(inputs);
    this.outputs = Collections.unmodifiableMap(outputs);
    this.session = session;
    this.weights = weights;
  }

  /**
   * Opens a graph.
   *
   * @param parameters gives the weight for a parameter's name, of the parameter's shape. A direct
   *     float32 tensor is read in place and must not change while the session is open; other
   *     floating types are converted to the parameter's type
   * @throws IllegalArgumentException if a weight is missing or has another shape
   * @throws InferenceException if ONNX Runtime refuses the graph
   */
  public static Session open(Graph graph, Function<String, Tensor> parameters, Device device) {
    var weights = new LinkedHashMap<String, Tensor>();
    graph
        .parameters()
        .forEach((key, value) -> weights.put(key, weight(graph, value, parameters.apply(key))));
    byte[] model = Onnx.modelWithoutWeights(graph, "weights");
    try {
      OrtSession session =
          Natives.call((environment, exit) -> create(environment, device, model, weights));
      return new Session(
          graph.name(),
          specs(graph.inputs()),
          specs(graph.outputs()),
          session,
          List.copyOf(weights.values()));
    } catch (OrtException e) {
      throw new InferenceException(
          "session " + graph.name() + " cannot be opened on " + device + ": " + e.getMessage(), e);
    }
  }

  private static Tensor weight(Graph graph, Value parameter, Tensor found) {
    checkArgument(
        found != null,
        "session %s: no weight for parameter %s, expected %s%s",
        graph.name(),
        parameter.name(),
        parameter.dtype(),
        parameter.shape());
    boolean convertible = found.dtype().isFloating() && parameter.dtype().isFloating();
    checkArgument(
        found.shape().equals(parameter.shape())
            && (convertible || found.dtype() == parameter.dtype()),
        "session %s: the weight for parameter %s is %s, expected %s%s",
        graph.name(),
        parameter.name(),
        found,
        parameter.dtype(),
        parameter.shape());
    Tensor converted = found.as(parameter.dtype());
    return Tensor.wrap(converted.dtype(), converted.shape(), converted.bytes());
  }

  private static OrtSession create(
      OrtEnvironment environment, Device device, byte[] model, Map<String, Tensor> weights)
      throws OrtException {
    var tensors = new LinkedHashMap<String, OnnxTensorLike>();
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(device.threads());
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
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

  private static Map<String, TensorSpec> specs(Map<String, Value> values) {
    var specs = new LinkedHashMap<String, TensorSpec>();
    values.forEach(
        (key, value) -> specs.put(key, new TensorSpec(key, value.dtype(), value.dims())));
    return specs;
  }

  public String name() {
    return name;
  }

  /** What a run takes, by name. */
  public Map<String, TensorSpec> inputs() {
    return inputs;
  }

  /** What a run gives, by name. */
  public Map<String, TensorSpec> outputs() {
    return outputs;
  }

  /** As {@link #run(Map, Cancellation)}, without a way to stop it. */
  public Map<String, Tensor> run(Map<String, Tensor> inputs) {
    return run(inputs, new Cancellation());
  }

  /**
   * Computes the outputs. The same inputs give the same bytes on the same machine and device.
   *
   * @param inputs a tensor for each of {@link #inputs()}; direct ones are read in place
   * @param cancellation stops this run; the session stays usable
   * @return the outputs by name, on the host, in the session's order
   * @throws IllegalArgumentException if an input is missing, unknown or of another type or shape
   * @throws IllegalStateException if the session is closed
   * @throws CancelledException if cancelled
   * @throws InferenceException if ONNX Runtime fails
   */
  public Map<String, Tensor> run(Map<String, Tensor> inputs, Cancellation cancellation) {
    check(inputs);
    checkOpen();
    lifecycle.readLock().lock();
    try {
      checkOpen();
      return Natives.call(
          (environment, exit) -> {
            try (var call = new NativeRun(environment, List.of(cancellation, exit))) {
              return call.run(session, inputs, outputs.keySet());
            }
          });
    } catch (OrtException e) {
      if (cancellation.isCancelled()) {
        throw new CancelledException("session " + name + ": the run was cancelled", e);
      }
      throw new InferenceException(
          "session " + name + " failed on inputs " + inputs + ": " + e.getMessage(), e);
    } finally {
      lifecycle.readLock().unlock();
    }
  }

  private void check(Map<String, Tensor> given) {
    for (TensorSpec spec : inputs.values()) {
      Tensor tensor = given.get(spec.name());
      checkArgument(
          tensor != null,
          "session %s: input %s is missing, expected %s; given are %s",
          name,
          spec.name(),
          spec,
          given.keySet());
      checkArgument(
          spec.admits(tensor),
          "session %s: input %s is %s, expected %s",
          name,
          spec.name(),
          tensor,
          spec);
    }
    for (String key : given.keySet()) {
      checkArgument(
          inputs.containsKey(key),
          "session %s has no input %s; its inputs are %s",
          name,
          key,
          inputs.keySet());
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("session " + name + " is closed");
    }
  }

  /** Waits for runs, then frees the native memory. New runs are refused at once. */
  @Override
  public void close() {
    closed = true;
    lifecycle.writeLock().lock();
    try {
      if (released) {
        return;
      }
      released = true;
      Natives.call(
          (environment, exit) -> {
            session.close();
            return true;
          });
      weights = List.of();
    } catch (OrtException e) {
      throw new InferenceException("session " + name + " cannot be closed: " + e.getMessage(), e);
    } finally {
      lifecycle.writeLock().unlock();
    }
  }

  @Override
  public String toString() {
    return name + inputs + " -> " + outputs;
  }
}
