package dev.palimpsest.runtime;

import static com.google.common.base.Preconditions.checkArgument;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtException.OrtErrorCode;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.DeviceUnavailableException;
import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.OnnxFile;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/**
 * A graph with its weights on a device, ready to run. Whoever opens it closes it. Thread-safe: any
 * number of threads may run at once, {@link #close} waits for them.
 */
public final class Session implements AutoCloseable {
  private static final Set<OrtErrorCode> BAD_FILE =
      EnumSet.of(
          OrtErrorCode.ORT_NO_SUCHFILE,
          OrtErrorCode.ORT_NO_MODEL,
          OrtErrorCode.ORT_INVALID_PROTOBUF,
          OrtErrorCode.ORT_INVALID_GRAPH);

  private final String name;
  private final Device device;
  private final Map<String, TensorSpec> inputs;
  private final Map<String, TensorSpec> outputs;
  private final NativeSession session;
  private final ReentrantReadWriteLock lifecycle = new ReentrantReadWriteLock();
  private volatile boolean closed;
  private boolean released; // under the write lock

  private Session(
      String name,
      Device device,
      NativeSession session,
      Map<String, TensorSpec> inputs,
      Map<String, TensorSpec> outputs) {
    this.name = name;
    this.device = device;
    this.session = session;
    this.inputs = Collections.unmodifiableMap(inputs);
    this.outputs = Collections.unmodifiableMap(outputs);
  }

  /** {@link #open(Graph, Function, Device, SessionSettings)} with the default settings. */
  public static Session open(Graph graph, Function<String, Tensor> parameters, Device device) {
    return open(graph, parameters, device, SessionSettings.defaults());
  }

  /**
   * Opens a graph.
   *
   * @param parameters gives the weight for a parameter's name, of the parameter's shape. Direct and
   *     mapped tensors are read without a copy on the Java side; a floating type other than the
   *     parameter's is converted. None is used after this returns
   * @throws IllegalArgumentException if a weight is missing or has another shape
   * @throws DeviceUnavailableException if the device or ONNX Runtime itself cannot be used
   * @throws UnsupportedModelException if the device has no kernel for an operator
   * @throws InferenceException if ONNX Runtime refuses the graph
   */
  public static Session open(
      Graph graph, Function<String, Tensor> parameters, Device device, SessionSettings settings) {
    try {
      NativeSession session = new SessionFactory(device, settings).open(graph, parameters);
      return new Session(
          graph.name(),
          device,
          session,
          SessionFactory.specs(graph.inputs()),
          SessionFactory.specs(graph.outputs()));
    } catch (OrtException e) {
      throw refused(graph.name(), device, e);
    }
  }

  /** {@link #open(Path, Device, SessionSettings)} with the default settings. */
  public static Session open(Path model, Device device) throws IOException {
    return open(model, device, SessionSettings.defaults());
  }

  /**
   * Opens an ONNX file; its external data must lie in its folder.
   *
   * @throws CheckpointException if the file is malformed, or its weights are missing or elsewhere
   * @throws UnsupportedModelException if it needs newer operators or another file format than ONNX
   *     Runtime knows, or takes or gives something that is no tensor
   * @throws DeviceUnavailableException if the device or ONNX Runtime itself cannot be used
   * @throws IOException if the file cannot be read
   */
  public static Session open(Path model, Device device, SessionSettings settings)
      throws IOException {
    OnnxSupport.check(model, OnnxFile.inspect(model));
    try {
      NativeSession session = new SessionFactory(device, settings).open(model);
      return Natives.call(
          (environment, exit) -> {
            try {
              return new Session(
                  model.toString(),
                  device,
                  session,
                  SessionFactory.specsOf(session.session().getInputInfo()),
                  SessionFactory.specsOf(session.session().getOutputInfo()));
            } catch (OrtException | RuntimeException e) {
              session.close();
              throw e;
            }
          });
    } catch (OrtException e) {
      if (BAD_FILE.contains(e.getCode())) {
        throw new CheckpointException(model + " is not a usable ONNX model: " + e.getMessage(), e);
      }
      throw refused(model.toString(), device, e);
    }
  }

  private static RuntimeException refused(String name, Device device, OrtException cause) {
    String message =
        "session " + name + " cannot be opened on " + device + ": " + cause.getMessage();
    return cause.getCode() == OrtErrorCode.ORT_NOT_IMPLEMENTED
        ? new UnsupportedModelException(message, cause)
        : new InferenceException(message, cause);
  }

  /** The graph's name, or the file. */
  public String name() {
    return name;
  }

  public Device device() {
    return device;
  }

  /** What a run takes, by name. */
  public Map<String, TensorSpec> inputs() {
    return inputs;
  }

  /** What a run gives, by name. */
  public Map<String, TensorSpec> outputs() {
    return outputs;
  }

  /** {@link #run(Map, Cancellation)} without a way to stop it. */
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
   * @throws IllegalStateException if the session is closed or the JVM is exiting
   * @throws CancelledException if cancelled, or if the JVM exits meanwhile
   * @throws InferenceException if ONNX Runtime fails
   */
  public Map<String, Tensor> run(Map<String, Tensor> inputs, Cancellation cancellation) {
    return run(inputs, outputs.keySet(), Map.of(), cancellation);
  }

  /**
   * Computes outputs into memory of the caller's, instead of new memory at each run.
   *
   * @param into direct tensors by the outputs' names, of the types and the very shapes that these
   *     will have; what they held is overwritten. Other outputs are not computed
   * @throws IllegalArgumentException if one of them is unknown, of another type or not direct
   * @throws InferenceException if one has another shape than its output
   */
  public void run(Map<String, Tensor> inputs, Map<String, Tensor> into, Cancellation cancellation) {
    into.forEach(
        (output, tensor) -> {
          TensorSpec spec = outputs.get(output);
          checkArgument(
              spec != null && spec.dtype() == tensor.dtype() && OrtTensors.isInPlace(tensor),
              "session %s cannot write output %s into %s; its outputs are %s, and memory must be"
                  + " direct",
              name,
              output,
              tensor,
              outputs.values());
        });
    run(inputs, Set.of(), into, cancellation);
  }

  private Map<String, Tensor> run(
      Map<String, Tensor> inputs,
      Set<String> wanted,
      Map<String, Tensor> into,
      Cancellation cancellation) {
    checkOpen();
    checkInputs(inputs);
    cancellation.throwIfCancelled();
    lifecycle.readLock().lock();
    try {
      checkOpen();
      return Natives.call(
          (environment, exit) -> {
            try (var run = new NativeRun(environment, List.of(cancellation, exit))) {
              return run.run(session.session(), inputs, wanted, into);
            } catch (OrtException e) {
              throw failed(inputs, cancellation.isCancelled() || exit.isCancelled(), e);
            }
          });
    } catch (OrtException e) {
      throw failed(inputs, false, e);
    } finally {
      lifecycle.readLock().unlock();
    }
  }

  private RuntimeException failed(
      Map<String, Tensor> inputs, boolean cancelled, OrtException cause) {
    return cancelled
        ? new CancelledException("session " + name + ": the run was cancelled", cause)
        : new InferenceException(
            "session " + name + " failed on inputs " + inputs + ": " + cause.getMessage(), cause);
  }

  private void checkInputs(Map<String, Tensor> given) {
    for (String key : given.keySet()) {
      checkArgument(
          inputs.containsKey(key),
          "session %s has no input %s; its inputs are %s",
          name,
          key,
          inputs.values());
    }
    for (TensorSpec spec : inputs.values()) {
      Tensor tensor = given.get(spec.name());
      checkArgument(
          tensor != null, "session %s: input %s is missing; given are %s", name, spec, given);
      checkArgument(
          spec.admits(tensor),
          "session %s: input %s is %s, expected %s%s",
          name,
          spec.name(),
          tensor,
          spec.dtype(),
          spec.dims());
    }
  }

  boolean isClosed() {
    return closed;
  }

  /** Whether a run holds the session open. */
  boolean isRunning() {
    return lifecycle.getReadLockCount() > 0;
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
      if (!released) {
        released = true;
        Natives.release(session::close);
      }
    } catch (OrtException e) {
      throw new InferenceException("session " + name + " cannot be closed: " + e.getMessage(), e);
    } finally {
      lifecycle.writeLock().unlock();
    }
  }

  @Override
  public String toString() {
    return name + inputs.values() + " -> " + outputs.values() + " on " + device;
  }
}
