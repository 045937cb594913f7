package dev.palimpsest.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.palimpsest.errors.DeviceUnavailableException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What computes here, for reports.
 *
 * @param version ONNX Runtime's version
 * @param providers what it can compute with, as it says; listed does not mean that it works
 * @param platform operating system and processor, such as {@code linux-x64}
 * @param artifacts the jars that hold ONNX Runtime
 * @param cudaArtifact whether they bring CUDA for this platform
 * @param nativeLibrary where the native library is loaded from
 */
public record RuntimeInfo(
    String version,
    List<String> providers,
    String platform,
    List<String> artifacts,
    boolean cudaArtifact,
    String nativeLibrary) {
  public RuntimeInfo {
    providers = List.copyOf(providers);
    artifacts = List.copyOf(artifacts);
  }

  /**
   * Loads ONNX Runtime and asks it.
   *
   * @throws DeviceUnavailableException if it cannot be loaded
   */
  public static RuntimeInfo read() {
    Artifacts artifacts = Artifacts.of(RuntimeInfo.class.getClassLoader());
    try {
      return Natives.call(
          (environment, exit) ->
              new RuntimeInfo(
                  environment.getVersion(),
                  listedProviders(),
                  Artifacts.platform(),
                  artifacts.locations(),
                  artifacts.hasCuda(),
                  Artifacts.nativeLocation()));
    } catch (OrtException e) {
      throw Artifacts.unloadable(e);
    }
  }

  /** Inside the guard. */
  private static List<String> listedProviders() {
    return OrtEnvironment.getAvailableProviders().stream()
        .map(Enum::name)
        .collect(Collectors.toList());
  }
}
