package dev.palimpsest.esd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ConfinementTest {
  private static final Checkpoint CHECKPOINT = TestModels.checkpoint(1);
  private static final String CONCEPT = "van gogh, \"starry\"\nnight";
  private static final String KEYS = "attn2.to_k.weight";

  private static Confinement.Builder builder() {
    return Confinement.builder(CHECKPOINT);
  }

  /** Σ over states of ‖change · state‖², over all changed matrices. */
  private static double acts(Erasure erasure, String text, int from) throws Exception {
    double sum = 0;
    try (ConceptTexts texts = ConceptTexts.open(CHECKPOINT, Device.cpu(1))) {
      Tensor states = texts.embed(text).states();
      int width = (int) states.shape().dim(1);
      for (String name : erasure.tensors().keySet()) {
        float[] before = CHECKPOINT.weights("unet").get(name).floats();
        float[] after = erasure.tensors().get(name).floats();
        for (int state = from; state < states.shape().dim(0); state++) {
          float[] values = states.rows(state, state + 1).floats();
          for (int row = 0; row < before.length / width; row++) {
            double dot = 0;
            for (int i = 0; i < width; i++) {
              dot += (after[row * width + i] - before[row * width + i]) * (double) values[i];
            }
            sum += dot * dot;
          }
        }
      }
    }
    return sum;
  }

  @Test
  void whatActsOnPreservedPromptsGoes() throws Exception {
    Erasure wide = Erasures.noise(CHECKPOINT, KEYS, 3);
    Erasure narrow =
        builder().preserve(Set.of("a dog")).eraseWeight(1e-6).lambda(1e-6).confine(wide);
    assertEquals(0, acts(narrow, "a dog", 0), 1e-4 * acts(wide, "a dog", 0));
  }

  @Test
  void whatActsOnTheConceptStays() throws Exception {
    Erasure wide = Erasures.noise(CHECKPOINT, KEYS, 3);
    Erasure narrow = builder().preserve(Set.of("a dog")).eraseWeight(1e6).confine(wide);
    double all = acts(wide, CONCEPT, 1);
    assertEquals(all, acts(narrow, CONCEPT, 1), 0.01 * all);
  }

  @Test
  void aLargerWeightErasesMoreAndPreservesLess() throws Exception {
    Erasure wide = Erasures.noise(CHECKPOINT, KEYS, 3);
    Erasure light = builder().preserve(Set.of("a dog")).eraseWeight(0.1).confine(wide);
    Erasure heavy = builder().preserve(Set.of("a dog")).eraseWeight(10).confine(wide);
    assertTrue(acts(light, CONCEPT, 1) < acts(heavy, CONCEPT, 1));
    assertTrue(acts(light, "a dog", 0) < acts(heavy, "a dog", 0));
  }

  @Test
  void theRecordTellsOfIt() throws Exception {
    Erasure narrow =
        builder().preserve(List.of("a", "b")).confine(Erasures.noise(CHECKPOINT, KEYS, 3));
    assertEquals("40.0", narrow.record().settings().get("confined_erase_weight"));
    assertEquals("0.5", narrow.record().settings().get("confined_lambda"));
    assertEquals("2", narrow.record().settings().get("confined_prompts"));
    assertEquals(List.of(CONCEPT), narrow.record().concepts());
  }

  private static void refused(String message, Executable work) {
    Exception error = assertThrows(RuntimeException.class, work);
    assertTrue(String.valueOf(error.getMessage()).contains(message), error::toString);
  }

  @Test
  void whatCannotBeConfinedIsRefused() {
    Erasure keys = Erasures.noise(CHECKPOINT, KEYS, 3);
    Erasure queries = Erasures.noise(CHECKPOINT, "attn2.to_q.weight", 3);
    Erasure other = Erasures.noise(TestModels.checkpoint(2), KEYS, 3);
    refused("nothing to preserve", () -> builder().confine(keys));
    refused("attn2.to_q.weight, which reads no text", () -> a().confine(queries));
    refused("was made on the checkpoint with hash", () -> a().confine(other));
    refused(
        "all that is erased is preserved, too",
        () -> builder().preserve(Set.of(CONCEPT)).confine(keys));
    refused("must not be empty", () -> builder().preserve(Set.of(" ")));
    refused("eraseWeight must be > 0, was 0.0", () -> builder().eraseWeight(0));
    refused("eraseWeight must be > 0, was NaN", () -> builder().eraseWeight(Double.NaN));
    refused("lambda must be > 0, was 0.0", () -> builder().lambda(0));
  }

  private static Confinement.Builder a() {
    return builder().preserve(Set.of("a"));
  }
}
