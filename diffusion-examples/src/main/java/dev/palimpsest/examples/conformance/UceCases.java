package dev.palimpsest.examples.conformance;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.esd.ClosedFormEdit;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/** Area {@code uce}: matrices edited in closed form. */
final class UceCases {
  private static final String WEIGHT = "weight/";

  private UceCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("uce_edit", UceCases::edit);
  }

  private static void edit(ConformanceCase c) throws IOException {
    ClosedFormEdit edit = ClosedFormEdit.of(c.field("lamb").asDouble());
    for (int i = 0; c.has("erase." + i); i++) {
      edit = edit.map(c.input("erase." + i), c.input("target." + i), scale(c, "erase_scale"));
    }
    for (int i = 0; c.has("preserve." + i); i++) {
      edit = edit.keep(c.input("preserve." + i), scale(c, "preserve_scale"));
    }
    Component unet = Checkpoint.readComponent(c.model().resolve("unet"));
    var edited = new TreeMap<String, Tensor>();
    for (String name : unet.weights().names()) {
      if (c.asks(WEIGHT + name)) {
        edited.put(name, edit.apply(unet.weights().get(name)));
        c.put(WEIGHT + name, edited.get(name));
      }
    }
    c.put("unet_output", output(c, unet, edited));
  }

  private static double scale(ConformanceCase c, String name) {
    return c.field(name).asDouble();
  }

  private static Tensor output(ConformanceCase c, Component unet, Map<String, Tensor> edited)
      throws IOException {
    Weights weights = unet.weights().with(WeightLayer.replacing("edit", "unet", edited));
    try (Session session =
        Session.open(UNet2DConditionModel.graph(unet.config()), weights::get, Device.cpu())) {
      Tensor timestep = Tensor.of(Shape.of(1), c.input("timestep").floats());
      return session
          .run(
              Map.of(
                  "sample", c.input("sample"),
                  "timestep", timestep,
                  "encoder_hidden_states", c.input("encoder_hidden_states")))
          .values()
          .iterator()
          .next();
    }
  }
}
