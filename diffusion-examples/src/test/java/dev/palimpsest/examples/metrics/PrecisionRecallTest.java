package dev.palimpsest.examples.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrecisionRecallTest {
  private static final FeatureSet REAL = MetricsReference.set("real");
  private static final FeatureSet GENERATED = MetricsReference.set("generated");

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void isNumPys(int neighbours) {
    JsonNode reference = MetricsReference.read();
    String k = Integer.toString(neighbours);
    assertEquals(
        new PrecisionRecall(
            reference.get("precision").get(k).asDouble(),
            reference.get("recall").get(k).asDouble(),
            neighbours),
        PrecisionRecall.of(REAL, GENERATED, neighbours));
  }

  @Test
  void aSetCoversItself() {
    assertEquals(new PrecisionRecall(1, 1, 3), PrecisionRecall.of(REAL, REAL, 3));
  }

  @Test
  void oneGoodPictureAgainAndAgainIsPreciseWithoutRecall() {
    FeatureSet real = MetricsReference.rows(1, 0, 1, 2, 3, 10, 11);
    FeatureSet same = MetricsReference.rows(1, 1, 1, 1, 1);
    assertEquals(new PrecisionRecall(1, 1 / 6.0, 1), PrecisionRecall.of(real, same, 1));
  }

  @Test
  void neighboursThatDoNotExist() {
    assertThrows(IllegalArgumentException.class, () -> PrecisionRecall.of(REAL, GENERATED, 12));
    assertThrows(IllegalArgumentException.class, () -> PrecisionRecall.of(REAL, GENERATED, 0));
  }

  @Test
  void widthsThatDiffer() {
    assertThrows(
        IllegalArgumentException.class,
        () -> PrecisionRecall.of(REAL, MetricsReference.rows(1, 1, 2, 3), 1));
  }
}
