package dev.palimpsest.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TilingTest {
  private static Tensor picture(int batch, int height, int width) {
    float[] values = new float[batch * 2 * height * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i);
    }
    return Tensor.of(Shape.of(batch, 2, height, width), values);
  }

  /** A network that looks at single pixels sees no difference between tiles and the whole. */
  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void changesNothingForPointwiseNetworks(
      @ForAll @IntRange(min = 1, max = 30) int height,
      @ForAll @IntRange(min = 1, max = 30) int width,
      @ForAll @IntRange(min = 1, max = 9) int size,
      @ForAll @DoubleRange(min = 0, max = 0.9) double overlap) {
    Tensor in = picture(2, height, width);
    Tensor out = new Tiling(size, size, overlap).decode(in, tile -> tile);
    assertEquals(in.shape(), out.shape());
    assertArrayEquals(in.floats(), out.floats(), 1e-6f);
  }

  /** Enlarging and halving are told apart from the whole by nothing but where tiles begin. */
  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void putsTilesWhereTheyBelong(
      @ForAll @IntRange(min = 1, max = 20) int height,
      @ForAll @IntRange(min = 1, max = 20) int width,
      @ForAll @IntRange(min = 1, max = 7) int size,
      @ForAll @DoubleRange(min = 0, max = 0.9) double overlap) {
    Tensor small = picture(1, height, width);
    var tiling = new Tiling(2 * size, size, overlap);
    Tensor large = tiling.decode(small, TilingTest::doubled);
    assertArrayEquals(doubled(small).floats(), large.floats(), 1e-6f);
    Tensor back = tiling.encode(large, TilingTest::halved);
    assertEquals(small.shape(), back.shape());
    assertArrayEquals(small.floats(), back.floats(), 1e-6f);
  }

  private static Tensor doubled(Tensor in) {
    return resized(in, 2 * in.shape().dim(2), 2 * in.shape().dim(3), 0.5);
  }

  private static Tensor halved(Tensor in) {
    return resized(in, in.shape().dim(2) / 2, in.shape().dim(3) / 2, 2);
  }

  /** Nearest neighbours. */
  private static Tensor resized(Tensor in, long height, long width, double step) {
    Shape shape = in.shape().withDim(2, height).withDim(3, width);
    float[] out = new float[(int) shape.elements()];
    for (int i = 0; i < out.length; i++) {
      long y = (long) (i / width % height * step);
      long x = (long) (i % width * step);
      long plane = i / (width * height);
      out[i] = in.floats()[(int) ((plane * in.shape().dim(2) + y) * in.shape().dim(3) + x)];
    }
    return Tensor.of(shape, out);
  }

  @Test
  void runsInOnePieceWhatFitsIntoATile() {
    Tensor in = picture(1, 8, 8);
    assertSame(in, new Tiling(16, 8, 0.25).decode(in, tile -> tile));
  }

  @Test
  void cutsTilesRowByRow() {
    List<Shape> tiles = new ArrayList<>();
    new Tiling(8, 8, 0.25)
        .encode(
            picture(1, 9, 14),
            tile -> {
              tiles.add(tile.shape());
              return tile;
            });
    assertEquals(
        List.of(
            Shape.of(1, 2, 8, 8),
            Shape.of(1, 2, 8, 8),
            Shape.of(1, 2, 8, 2),
            Shape.of(1, 2, 3, 8),
            Shape.of(1, 2, 3, 8),
            Shape.of(1, 2, 3, 2)),
        tiles);
  }

  @Test
  void leavesTheNetworksTensorsAsTheyAre() {
    Tensor constant = Tensor.of(Shape.of(1, 1, 4, 4), new float[16]);
    constant.floats()[5] = 1;
    float[] before = constant.floats().clone();
    new Tiling(4, 4, 0.5).decode(Tensor.zeros(Shape.of(1, 1, 6, 6)), tile -> constant);
    assertArrayEquals(before, constant.floats());
  }

  @Test
  void refusesTilesThatOverlapWholly() {
    assertThrows(IllegalArgumentException.class, () -> new Tiling(8, 8, 1));
    assertThrows(IllegalArgumentException.class, () -> new Tiling(8, 8, -0.1));
  }

  @Test
  void refusesImpossibleSizes() {
    assertThrows(IllegalArgumentException.class, () -> new Tiling(0, 8, 0.25));
    assertThrows(IllegalArgumentException.class, () -> new Tiling(8, 0, 0.25));
    assertThrows(IllegalArgumentException.class, () -> new Tiling(9, 2, 0.25));
  }

  @Test
  void refusesOtherRanks() {
    Tensor vector = Tensor.zeros(Shape.of(3));
    assertThrows(
        IllegalArgumentException.class, () -> new Tiling(8, 8, 0.25).decode(vector, tile -> tile));
  }
}
