package dev.palimpsest.examples.car.study;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Component;
import dev.palimpsest.examples.StarterModel;
import dev.palimpsest.model.ClipTextModel;
import dev.palimpsest.model.ClipTokenizer;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.training.TrainingListener;
import dev.palimpsest.training.TrainingRun;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WordTrainingTest {
  private static final Device DEVICE = Device.cpu(2);
  private static final String KNOWN = "a 3d render of a rocket";
  private static final String FRONT =
      "a gloss red sedan with star wheels on snow, at noon, front view";
  private static final String REAR =
      "a gloss red sedan with star wheels on snow, at noon, rear view";

  @TempDir private Path folder = Path.of("");

  /** The last state of a caption. */
  private static float[] state(Component encoder, ClipTokenizer tokenizer, String caption) {
    var graph = ClipTextModel.graph(encoder.config(), List.of(ClipTextModel.LAST_HIDDEN_STATE));
    long[] ids = tokenizer.encodePadded(caption).ids();
    try (Session session = Session.open(graph, encoder.weights()::get, DEVICE)) {
      Tensor states =
          requireNonNull(
              session
                  .run(Map.of(ClipTextModel.INPUT_IDS, Tensor.of(Shape.of(1, ids.length), ids)))
                  .get(ClipTextModel.LAST_HIDDEN_STATE));
      float[] all = states.floats();
      return Arrays.copyOfRange(
          all, all.length - encoder.config().integer("hidden_size"), all.length);
    }
  }

  private static double distance(float[] a, float[] b) {
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      squares += (a[i] - b[i]) * (double) (a[i] - b[i]);
    }
    return Math.sqrt(squares);
  }

  @Test
  void tellsWordsApartAndKeepsWhatIsKnown() throws Exception {
    try (StarterModel starter = StarterModel.open()) {
      Component before = starter.checkpoint().component(WordTraining.PART);
      ClipTokenizer tokenizer =
          ClipTokenizer.read(starter.checkpoint().component("tokenizer"))
              .withMaxLength(before.config().integer("max_position_embeddings"));
      var training =
          new WordTraining(starter.checkpoint(), Concepts.makes(), List.of("", KNOWN), DEVICE);
      try (TrainingRun run = training.open(150, DEVICE, folder)) {
        Component after =
            training.trained(run.train(TrainingListener.NONE, new Cancellation()).best());
        double was = distance(state(before, tokenizer, FRONT), state(before, tokenizer, REAR));
        double is = distance(state(after, tokenizer, FRONT), state(after, tokenizer, REAR));
        double moved = distance(state(before, tokenizer, KNOWN), state(after, tokenizer, KNOWN));
        double taught = distance(state(before, tokenizer, FRONT), state(after, tokenizer, FRONT));
        assertTrue(is > 3 * was, was + " before, " + is + " after");
        assertTrue(moved < taught / 2, "known moved by " + moved + ", taught by " + taught);
        assertEquals(before.weights().names(), after.weights().names());
      }
    }
  }
}
