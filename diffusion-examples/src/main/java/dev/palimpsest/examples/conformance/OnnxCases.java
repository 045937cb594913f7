package dev.palimpsest.examples.conformance;

import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import java.util.Map;

/** Area {@code onnx_export}: ONNX files as other tools export them. */
final class OnnxCases {
  private OnnxCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put(
        "onnx",
        c -> {
          try (Session session = Session.open(c.model(), Device.cpu())) {
            session.run(c.inputs()).forEach(c::put);
          }
        });
  }
}
