package dev.palimpsest.runtime;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.autodiff.Gradients;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolutions that a session computes by Winograd's algorithm, against the direct form. */
class WinogradTest {
  private static final int IN = 64;
  private static final int OUT = 80;
  private static final Map<String, Long> USUAL = Map.of("height", 32L, "width", 32L);

  private static final Graph CONVOLUTION =
      Graph.of(
          "convolution",
          "y",
          Value.input("x", DType.FLOAT32, Dims.parse("batch", IN, "height", "width"))
              .conv(
                  Value.parameter("w", DType.FLOAT32, Shape.of(OUT, IN, 3, 3)),
                  Value.parameter("b", DType.FLOAT32, Shape.of(OUT)),
                  1,
                  1));

  private static Tensor weight(String name) {
    Tensor normal =
        NoiseSource.torch(3).gaussian(name.equals("w") ? Shape.of(OUT, IN, 3, 3) : Shape.of(OUT));
    float[] values = normal.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] /= name.equals("w") ? 24 : 1; // outputs of variance about 1
    }
    return normal;
  }

  private static Tensor run(SessionSettings settings, Tensor x) {
    try (Session session =
        Session.open(CONVOLUTION, WinogradTest::weight, Device.cpu(2), settings)) {
      return requireNonNull(session.run(Map.of("x", x)).get("y"));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,16,16", "2,17,19", "1,1,1", "3,2,5", "1,3,64", "1,20,4"})
  void agreesWithTheDirectFormAtAnySize(int batch, int height, int width) {
    Tensor x = NoiseSource.torch(9).gaussian(Shape.of(batch, IN, height, width));
    Tensor direct = run(SessionSettings.defaults(), x);
    Tensor winograd = run(SessionSettings.defaults().usualSizes(USUAL), x);
    assertEquals(direct.shape(), winograd.shape());
    assertArrayEquals(direct.floats(), winograd.floats(), 3e-5f);
  }

  @Test
  void isUsedWhereItPaysOnly() {
    assertTrue(CONVOLUTION.lowered(Map.of(), USUAL).size() > 30);
    assertEquals(1, CONVOLUTION.lowered(Map.of(), Map.of()).size());
    assertEquals(1, CONVOLUTION.lowered(Map.of(), Map.of("height", 16L, "width", 16L)).size());
  }

  @Test
  void isUsedForTheGradientOfAConvolutionsInput() {
    Value picture = Value.input("x", DType.FLOAT32, Dims.of(Shape.of(1, IN, 32, 32)));
    Value kernels = Value.parameter("w", DType.FLOAT32, Shape.of(OUT, IN, 3, 3));
    Value out = picture.conv(kernels, null, 1, 1);
    Value cotangent = Value.input("dy", DType.FLOAT32, Dims.of(Shape.of(1, OUT, 32, 32)));
    List<Value> wanted = Gradients.of(List.of(out), List.of(cotangent), List.of(picture));
    Graph gradient = Graph.of("gradient", "dx", wanted.get(0));
    assertTrue(gradient.lowered(Map.of(), Map.of()).size() > 30);
    assertTrue(gradient.lowered(Map.of(), Map.of(), Set.of("w")).size() < 5);
  }
}
