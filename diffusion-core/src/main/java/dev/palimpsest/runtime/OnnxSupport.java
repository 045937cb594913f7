package dev.palimpsest.runtime;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.OnnxFile;
import java.nio.file.Path;

/**
 * What ONNX Runtime 1.28.0 reads: found by trying, held by a test that opens a file of the newest
 * versions.
 */
final class OnnxSupport {
  static final long OPSET = 26;
  static final long IR_VERSION = 13;

  private OnnxSupport() {}

  static void check(Path file, OnnxFile model) {
    check(file, "IR version", model.irVersion(), IR_VERSION);
    check(file, "opset", model.opsets().getOrDefault("", 1L), OPSET);
    check(file, "opset", model.opsets().getOrDefault("ai.onnx", 1L), OPSET);
  }

  private static void check(Path file, String what, long found, long supported) {
    if (found > supported) {
      throw new UnsupportedModelException(
          file + " has " + what + " " + found + "; supported is up to " + supported);
    }
  }
}
