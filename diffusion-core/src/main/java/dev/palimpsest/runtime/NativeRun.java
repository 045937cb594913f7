package dev.palimpsest.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.palimpsest.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One run and the native objects that live as long as it. */
final class NativeRun implements AutoCloseable {
  private final OrtEnvironment environment;
  private final List<Cancellation> cancellations;
  private final OrtSession.RunOptions options;
  private final Runnable terminate = this::terminate;
  private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
  private final Map<String, OnnxTensor> pinned = new LinkedHashMap<>();

  NativeRun(OrtEnvironment environment, List<Cancellation> cancellations) throws OrtException {
    this.environment = environment;
    this.cancellations = cancellations;
    this.options = new OrtSession.RunOptions();
    cancellations.forEach(cancellation -> cancellation.add(terminate));
  }

  /**
   * The outputs, copied to the host.
   *
   * @param into further outputs, which are computed where these tensors lie
   */
  Map<String, Tensor> run(
      OrtSession session, Map<String, Tensor> given, Set<String> outputs, Map<String, Tensor> into)
      throws OrtException {
    for (Map.Entry<String, Tensor> output : into.entrySet()) {
      pinned.put(output.getKey(), OrtTensors.toNative(environment, output.getValue()));
    }
    for (Map.Entry<String, Tensor> input : given.entrySet()) {
      inputs.put(input.getKey(), OrtTensors.toNative(environment, input.getValue()));
    }
    var host = new LinkedHashMap<String, Tensor>();
    try (OrtSession.Result result = session.run(inputs, outputs, pinned, options)) {
      for (String output : outputs) {
        host.put(output, OrtTensors.toHost((OnnxTensor) result.get(output).orElseThrow()));
      }
    }
    return host;
  }

  private void terminate() {
    try {
      options.setTerminate(true);
    } catch (OrtException e) {
      throw new IllegalStateException("a native run cannot be stopped", e);
    }
  }

  @Override
  public void close() {
    cancellations.forEach(cancellation -> cancellation.remove(terminate));
    inputs.values().forEach(OnnxTensor::close);
    pinned.values().forEach(OnnxTensor::close);
    options.close();
  }
}
