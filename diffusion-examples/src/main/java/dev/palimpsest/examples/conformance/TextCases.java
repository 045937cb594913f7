package dev.palimpsest.examples.conformance;

import static java.util.Objects.requireNonNull;

import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.model.ClipTextConfig;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Area {@code text}: CLIP text encoders. */
final class TextCases {
  private TextCases() {}

  static void addTo(Map<String, CaseKind> kinds) {
    kinds.put("clip_text", TextCases::encode);
  }

  private static void encode(ConformanceCase c) throws IOException {
    Component text = Checkpoint.readComponent(c.model());
    int layers = ClipTextConfig.of(text.config()).layers();
    boolean projects = text.className().equals("CLIPTextModelWithProjection");
    var outputs = new ArrayList<String>(List.of(ClipTextModel.LAST_HIDDEN_STATE));
    outputs.add(projects ? ClipTextModel.TEXT_EMBEDS : ClipTextModel.POOLER_OUTPUT);
    outputs.add(ClipTextModel.clipSkip(1));
    for (int i = 0; i <= layers; i++) {
      outputs.add(ClipTextModel.hiddenState(i));
    }
    try (Session session =
        Session.open(
            ClipTextModel.graph(text.config(), outputs), text.weights()::get, Device.cpu())) {
      Map<String, Tensor> results =
          session.run(Map.of(ClipTextModel.INPUT_IDS, c.input(ClipTextModel.INPUT_IDS)));
      Function<String, Tensor> got = name -> requireNonNull(results.get(name), name);
      c.put("last_hidden_state", got.apply(ClipTextModel.LAST_HIDDEN_STATE));
      c.put(outputs.get(1), got.apply(outputs.get(1)));
      c.put("clip_skip_1", got.apply(ClipTextModel.clipSkip(1)));
      c.put("hidden_states_m2", got.apply(ClipTextModel.hiddenState(layers - 1)));
      var states = new ArrayList<Tensor>();
      for (int i = 0; i <= layers; i++) {
        states.add(got.apply(ClipTextModel.hiddenState(i)));
      }
      c.putStack("hidden_states", states);
    }
  }
}
