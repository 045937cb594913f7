package dev.palimpsest.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.palimpsest.errors.DeviceUnavailableException;
import dev.palimpsest.errors.DiffusionException;
import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;

/** ONNX Runtime's CUDA provider. */
final class Cuda {
  private static final Map<String, String> OPTIONS =
      Map.of(
          // Float32 means float32: tensor cores would round its products to 10 bits.
          "use_tf32", "0",
          // Trying out every algorithm for every new shape takes longer than it saves.
          "cudnn_conv_algo_search", "HEURISTIC",
          "arena_extend_strategy", "kSameAsRequested");

  private Cuda() {}

  static void configure(SessionOptions options, int index) throws OrtException {
    try (var cuda = new OrtCUDAProviderOptions(index)) {
      for (Map.Entry<String, String> option : OPTIONS.entrySet()) {
        cuda.add(option.getKey(), option.getValue());
      }
      options.addCUDA(cuda);
    }
  }

  /**
   * Computes something: the provider is listed, and its options can be made, also where neither
   * driver nor libraries are there.
   */
  static void probe(Device device) {
    Graph graph =
        Graph.of("probe", "y", Value.input("x", DType.FLOAT32, Dims.of(2)).mul(2).named("twice"));
    try (Session session =
        Session.open(
            graph,
            name -> {
              throw new IllegalArgumentException(name);
            },
            device)) {
      session.run(Map.of("x", Tensor.of(Shape.of(2), 1f, 2f)));
    } catch (InferenceException | UnsupportedModelException e) {
      throw unavailable(device, e);
    }
  }

  private static DeviceUnavailableException unavailable(Device device, DiffusionException cause) {
    RuntimeInfo info = RuntimeInfo.read();
    String start = info.cudaArtifact() ? " does not work" : " is not in the class path's artifact";
    return new DeviceUnavailableException(
        "CUDA"
            + start
            + ": "
            + device
            + " needs "
            + Artifacts.GPU_NEEDS
            + "; there is ONNX Runtime "
            + info.version()
            + " from "
            + info.artifacts()
            + " with the providers "
            + info.providers()
            + "; it says: "
            + cause.getMessage(),
        cause);
  }
}
