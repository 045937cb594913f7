package dev.palimpsest.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ParameterMatchTest {
  private static String refusal(Map<String, Shape> required, Weights weights) {
    var e =
        assertThrows(
            CheckpointException.class, () -> ParameterMatch.check("net", required, weights));
    return String.valueOf(e.getMessage());
  }

  @Test
  void fittingWeightsPassAndBuffersMayBeLeftOver() throws Exception {
    ParameterMatch.check(
        "net",
        Map.of("a", Shape.of(1)),
        Weights.of(
            Map.of(
                "a",
                Tensor.zeros(Shape.of(1)),
                "text_model.embeddings.position_ids",
                Tensor.of(Shape.of(1, 2), 0L, 1L))));
  }

  @Test
  void missingMisshapenAndLeftOverAreListed() {
    assertEquals(
        "net: 3 tensors of memory do not fit:\n"
            + "  shape: a is [2], expected [1]\n"
            + "  missing: b [3]\n"
            + "  left over: c [4]",
        refusal(
            Map.of("a", Shape.of(1), "b", Shape.of(3)),
            Weights.of(Map.of("a", Tensor.zeros(Shape.of(2)), "c", Tensor.zeros(Shape.of(4))))));
  }

  @Test
  void onlyTenAreShown() {
    Map<String, Shape> required = new TreeMap<>();
    for (int i = 0; i < 25; i++) {
      required.put("t" + i, Shape.of(1));
    }
    String message = refusal(required, Weights.of(Map.of()));
    assertEquals(12, message.lines().count());
    assertTrue(message.endsWith("and 15 more"), message);
  }
}
