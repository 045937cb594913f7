package dev.palimpsest.runtime;

import com.google.common.base.Throwables;
import dev.palimpsest.errors.DeviceUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The ONNX Runtime jars that a class loader sees. The CPU and the GPU artifact hold the same
 * classes, so of two the order on the class path would decide silently.
 */
final class Artifacts {
  static final String CPU = "com.microsoft.onnxruntime:onnxruntime";
  static final String GPU = "com.microsoft.onnxruntime:onnxruntime_gpu";
  static final String GPU_NEEDS =
      GPU
          + " (the same version, instead of "
          + CPU
          + "), an NVIDIA driver, and the libraries of CUDA 12.x and cuDNN 9.x on the loader's path";

  private static final String MARKER = "ai/onnxruntime/OrtEnvironment.class";
  private static final String NATIVE = "ai/onnxruntime/native/";

  private final ClassLoader loader;

  private Artifacts(ClassLoader loader) {
    this.loader = loader;
  }

  static Artifacts of(ClassLoader loader) {
    return new Artifacts(loader);
  }

  /** The places that hold ONNX Runtime's classes. */
  List<String> locations() {
    try {
      return Collections.list(loader.getResources(MARKER)).stream()
          .map(Artifacts::location)
          .distinct()
          .collect(Collectors.toList());
    } catch (IOException e) {
      throw new UncheckedIOException("the class path cannot be searched for " + MARKER, e);
    }
  }

  /**
   * Returns if there is exactly one.
   *
   * @throws DeviceUnavailableException otherwise
   */
  void checkOne() {
    List<String> found = locations();
    if (found.isEmpty()) {
      throw new DeviceUnavailableException(
          "ONNX Runtime is not on the class path; add " + CPU + " or " + GPU);
    }
    if (found.size() > 1) {
      throw new DeviceUnavailableException(
          "ONNX Runtime is on the class path "
              + found.size()
              + " times: "
              + String.join(" and ", found)
              + "; keep one (exclude "
              + CPU
              + " where "
              + GPU
              + " is wanted)");
    }
  }

  /** Whether the jar brings the CUDA provider for this platform. */
  boolean hasCuda() {
    return loader.getResource(NATIVE + platform() + "/" + cudaLibrary()) != null;
  }

  /** The operating system and processor, as ONNX Runtime names the folders in its jar. */
  static String platform() {
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String name = os.contains("mac") ? "osx" : os.contains("win") ? "win" : "linux";
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    boolean x64 = arch.equals("amd64") || arch.equals("x86_64");
    return name + "-" + (x64 ? "x64" : arch.equals("arm64") ? "aarch64" : arch);
  }

  static DeviceUnavailableException unloadable(Throwable cause) {
    return new DeviceUnavailableException(
        "ONNX Runtime's native library cannot be loaded on "
            + platform()
            + ": "
            + Throwables.getRootCause(cause)
            + ". It is "
            + nativeLocation()
            + "; if that folder is mounted noexec or read-only, set -Djava.io.tmpdir to another"
            + " one, or unpack the libraries once and set -Donnxruntime.native.path to their"
            + " folder",
        cause);
  }

  /** Where the native library is loaded from. */
  static String nativeLocation() {
    String path = System.getProperty("onnxruntime.native.path");
    return path == null
        ? "unpacked at each start under java.io.tmpdir=" + System.getProperty("java.io.tmpdir")
        : "loaded from onnxruntime.native.path=" + path;
  }

  private static String cudaLibrary() {
    return platform().startsWith("win")
        ? "onnxruntime_providers_cuda.dll"
        : "libonnxruntime_providers_cuda.so";
  }

  private static String location(URL marker) {
    String text = marker.toString();
    String root = text.substring(0, text.length() - MARKER.length());
    return root.replaceFirst("^jar:", "").replaceFirst("^file:", "").replaceFirst("!/$", "");
  }
}
