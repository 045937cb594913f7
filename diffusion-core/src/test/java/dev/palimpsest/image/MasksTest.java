package dev.palimpsest.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.palimpsest.tensor.GoldenArrays;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class MasksTest {
  private final GoldenArrays goldens;

  MasksTest() throws IOException {
    goldens = GoldenArrays.read("pillow");
  }

  @Test
  void masksEqualTheReference() throws IOException {
    int cases = 0;
    for (JsonNode c : goldens.cases("mask")) {
      BufferedImage picture = PillowGoldens.picture("pillow", c.get("png_in").asText());
      Tensor got = Masks.toTensor(picture, c.get("width").asInt(), c.get("height").asInt());
      Tensor want = goldens.expected(c, "values");
      assertEquals(want.shape(), got.shape());
      assertArrayEquals(want.floats(), got.floats(), c.get("id").asText());
      cases++;
    }
    assertEquals(3, cases);
  }

  @Test
  void masksOfLatentsEqualTorch() {
    int cases = 0;
    for (JsonNode c : goldens.cases("interpolate_nearest")) {
      Tensor mask = goldens.array(c.get("from").asText());
      Tensor got = Masks.toLatents(mask, c.get("width").asInt(), c.get("height").asInt());
      Tensor want = goldens.expected(c, "values");
      assertEquals(want.shape(), got.shape());
      assertArrayEquals(want.floats(), got.floats(), c.get("id").asText());
      cases++;
    }
    assertEquals(12, cases);
  }

  @Test
  void everyPlaneIsTakenFromItsOwn() {
    Tensor got = Masks.toLatents(Tensor.of(Shape.of(2, 2, 1, 2), 1, 2, 3, 4, 5, 6, 7, 8f), 1, 1);
    assertArrayEquals(new float[] {1, 3, 5, 7}, got.floats());
  }

  @Test
  void wrongArgumentsAreRefused() {
    Tensor mask = Tensor.zeros(Shape.of(1, 1, 2, 2));
    assertThrows(IllegalArgumentException.class, () -> Masks.toLatents(mask, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> Masks.toLatents(mask, 1, -1));
    assertThrows(
        IllegalArgumentException.class, () -> Masks.toLatents(Tensor.zeros(Shape.of(2, 2)), 1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> Masks.toLatents(Tensor.zeros(Shape.of(1, 1, 0, 2)), 1, 1));
    var picture = new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
    assertThrows(IllegalArgumentException.class, () -> Masks.toTensor(picture, 0, 8));
  }
}
