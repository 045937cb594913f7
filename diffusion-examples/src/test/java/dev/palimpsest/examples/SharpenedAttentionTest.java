package dev.palimpsest.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.testkit.AttentionEditProperties;
import java.io.IOException;
import net.jqwik.api.Example;

class SharpenedAttentionTest extends AttentionEditProperties {
  @Override
  protected AttentionEdit edit() {
    return new SharpenedAttention(2);
  }

  @Example
  void probabilitiesAreRaisedAndSumToOne() throws IOException {
    try (var pipeline = TestModels.tiny(7).open()) {
      AttentionMaps before =
          pipeline
              .generate(GenerationRequest.of(PROMPT).steps(1).seed(1).edit(AttentionEdit.capture()))
              .attention()
              .get(0);
      AttentionMaps after =
          pipeline
              .generate(
                  GenerationRequest.of(PROMPT)
                      .steps(1)
                      .seed(1)
                      .edit(edit())
                      .edit(AttentionEdit.capture()))
              .attention()
              .get(0);
      String site = before.sites().get(0).name();
      float[] p = before.of(site).floats();
      float[] q = after.of(site).floats();
      for (int row = 0; row < p.length; row += 77) {
        double squares = 0;
        for (int i = 0; i < 77; i++) {
          squares += p[row + i] * p[row + i];
        }
        for (int i = 0; i < 77; i++) {
          assertEquals(p[row + i] * p[row + i] / squares, q[row + i], 1e-6);
        }
      }
    }
  }

  @Example
  void anImpossiblePowerIsRefused() {
    var failure = assertThrows(IllegalArgumentException.class, () -> new SharpenedAttention(0));
    assertTrue(String.valueOf(failure.getMessage()).contains("was 0.0"));
  }
}
