package dev.palimpsest.graph;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.onnx.ModelProto;
import dev.palimpsest.graph.onnx.OperatorSetIdProto;
import java.util.Map;
import java.util.TreeMap;

/** The versions of the ONNX format whose operators mean what {@link Operators} says. */
final class OnnxVersions {
  static final long IR_VERSION = 11;
  static final long OPSET = 23;
  static final long FIRST_OPSET = 7;
  private static final Map<String, Long> NEWEST =
      Map.of(Operators.ONNX, OPSET, Operators.MICROSOFT, 1L);

  private OnnxVersions() {}

  /**
   * The version of each operator domain that the model uses.
   *
   * @throws UnsupportedModelException naming the version found and the newest known
   */
  static Map<String, Long> check(String source, ModelProto model) {
    if (model.getIrVersion() > IR_VERSION) {
      throw new UnsupportedModelException(
          String.format(
              "%s has IR version %s; known are versions up to %s",
              source, model.getIrVersion(), IR_VERSION));
    }
    var opsets = new TreeMap<String, Long>();
    for (OperatorSetIdProto opset : model.getOpsetImportList()) {
      String domain = domain(opset.getDomain());
      opsets.merge(domain, opset.getVersion(), Math::max);
      Long newest = NEWEST.get(domain);
      if (newest != null && opset.getVersion() > newest) {
        throw new UnsupportedModelException(
            String.format(
                "%s has opset %s of domain '%s'; known are opsets up to %s",
                source, opset.getVersion(), domain, newest));
      }
    }
    long onnx = opsets.getOrDefault(Operators.ONNX, 1L);
    if (onnx < FIRST_OPSET) {
      throw new UnsupportedModelException(
          String.format(
              "%s has opset %s; known are opsets %s to %s", source, onnx, FIRST_OPSET, OPSET));
    }
    return opsets;
  }

  /** The name under which a domain is known: ONNX's own has two. */
  static String domain(String name) {
    return name.equals("ai.onnx") ? Operators.ONNX : name;
  }
}
