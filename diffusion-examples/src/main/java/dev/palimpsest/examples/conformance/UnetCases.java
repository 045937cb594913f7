package dev.palimpsest.examples.conformance;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.model.UNet2DModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.TensorSpec;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** Area {@code unets}: forward passes. */
final class UnetCases {
  private UnetCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put(
        "unet2d_condition",
        c -> {
          Component unet = Checkpoint.readComponent(c.model());
          run(c, unet, UNet2DConditionModel.graph(unet.config()));
        });
    kinds.put(
        "unet2d",
        c -> {
          Component unet = Checkpoint.readComponent(c.model());
          run(c, unet, UNet2DModel.graph(unet.config()));
        });
  }

  private static void run(ConformanceCase c, Component unet, Graph graph) throws IOException {
    try (Session session = Session.open(graph, unet.weights()::get, Device.cpu())) {
      var inputs = new HashMap<String, Tensor>();
      Map<String, Tensor> given = c.inputs();
      for (TensorSpec spec : session.inputs().values()) {
        inputs.put(spec.name(), as(spec.dtype(), rows(requireNonNull(given.get(spec.name())))));
      }
      c.put("sample", session.run(inputs).values().iterator().next());
    }
  }

  /** A scalar, such as one timestep for all rows, as a vector of one. */
  private static Tensor rows(Tensor tensor) {
    return tensor.shape().rank() == 0 ? tensor.reshape(Shape.of(1)) : tensor;
  }

  static Tensor as(DType dtype, Tensor tensor) {
    return dtype == DType.FLOAT32 ? Tensor.of(tensor.shape(), tensor.floats()) : tensor;
  }
}
