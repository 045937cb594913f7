package dev.palimpsest.runtime;

import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.List;

/** A session of ONNX Runtime and the weights that it reads where they lie. */
record NativeSession(OrtSession session, List<OnnxTensorLike> shared) {

  /** The weights after what reads them. */
  void close() throws OrtException {
    session.close();
    shared.forEach(OnnxValue::close);
  }
}
