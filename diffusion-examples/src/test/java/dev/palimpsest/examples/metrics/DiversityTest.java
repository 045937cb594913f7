package dev.palimpsest.examples.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

class DiversityTest {
  @Test
  void isNumPys() {
    JsonNode expected = MetricsReference.read().get("diversity_of_three_classes");
    Diversity diversity = Diversity.of(MetricsReference.set("generated"), 3);
    for (int c = 0; c < 3; c++) {
      assertEquals(expected.get(c).asDouble(), diversity.perClass().get(c), 1e-12);
    }
    assertEquals(
        (expected.get(0).asDouble() + expected.get(1).asDouble() + expected.get(2).asDouble()) / 3,
        diversity.mean(),
        1e-12);
  }

  @Test
  void classesOfDifferentSizes() {
    FeatureSet generated = MetricsReference.set("generated");
    assertThrows(IllegalArgumentException.class, () -> Diversity.of(generated, 5));
  }

  @Test
  void classesOfOnePicture() {
    FeatureSet generated = MetricsReference.set("generated");
    assertThrows(IllegalArgumentException.class, () -> Diversity.of(generated, 12));
  }
}
