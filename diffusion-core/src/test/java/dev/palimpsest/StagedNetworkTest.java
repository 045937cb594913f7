package dev.palimpsest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.errors.CancelledException;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.model.AutoencoderKL;
import dev.palimpsest.model.Stage;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class StagedNetworkTest {
  /** A hundredth of a level of 255, where pixels are in [-1, 1]. */
  private static final float TOLERANCE = 2f / 255 / 100;

  private static Config config(int blocks, int layers, boolean attention) {
    return Config.of(
        Map.of(
            "block_out_channels",
            List.of(4, 8, 8).subList(0, blocks),
            "down_block_types",
            Collections.nCopies(blocks, "DownEncoderBlock2D"),
            "up_block_types",
            Collections.nCopies(blocks, "UpDecoderBlock2D"),
            "layers_per_block",
            layers,
            "norm_num_groups",
            2,
            "mid_block_add_attention",
            attention));
  }

  /** Random weights that keep values near 1; scales and shifts differ from channel to channel. */
  private static Map<String, Tensor> weights(Graph graph, TorchGenerator generator) {
    var weights = new HashMap<String, Tensor>();
    graph
        .parameters()
        .forEach(
            (name, parameter) -> {
              Shape shape = parameter.shape();
              double fanIn = (double) shape.elements() / shape.dim(0);
              float[] drawn = generator.randn(shape).floats().clone();
              for (int i = 0; i < drawn.length; i++) {
                drawn[i] = (float) (drawn[i] / Math.sqrt(fanIn));
              }
              weights.put(name, Tensor.of(shape, drawn));
            });
    return weights;
  }

  private static void check(
      Graph graph, List<Stage> stages, Tensor in, int side, TorchGenerator generator) {
    Map<String, Tensor> weights = weights(graph, generator);
    Tensor whole;
    try (Session session = Session.open(graph, weights::get, Device.cpu(1))) {
      String name = session.inputs().keySet().iterator().next();
      whole = session.run(Map.of(name, in)).values().iterator().next();
    }
    Tensor tiled = network(stages, weights, side).run(in, new Cancellation());
    assertEquals(whole.shape(), tiled.shape());
    assertArrayEquals(whole.floats(), tiled.floats(), TOLERANCE);
  }

  private static StagedNetwork network(List<Stage> stages, Map<String, Tensor> weights, int side) {
    return new StagedNetwork(
        stages, stage -> Session.open(stage, weights::get, Device.cpu(1)), side);
  }

  @Property(tries = 20, edgeCases = EdgeCasesMode.NONE)
  void givesWhatTheWholeNetworkGives(
      @ForAll @IntRange(min = 1, max = 3) int blocks,
      @ForAll @IntRange(min = 1, max = 2) int layers,
      @ForAll boolean attention,
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 11) int height,
      @ForAll @IntRange(min = 3, max = 13) int width,
      @ForAll @IntRange(min = 3, max = 40) int side,
      @ForAll long seed) {
    Config config = config(blocks, layers, attention);
    var generator = new TorchGenerator(seed);
    int scale = 1 << (blocks - 1);
    check(
        AutoencoderKL.decoderGraph(config),
        AutoencoderKL.decoderStages(config),
        generator.randn(Shape.of(batch, 4, height, width)),
        side,
        generator);
    check(
        AutoencoderKL.encoderGraph(config),
        AutoencoderKL.encoderStages(config),
        generator.randn(Shape.of(batch, 3, (long) height * scale, (long) width * scale)),
        side,
        generator);
  }

  @Test
  void isCancelled() {
    Config config = config(2, 1, true);
    var generator = new TorchGenerator(1);
    Map<String, Tensor> weights = weights(AutoencoderKL.decoderGraph(config), generator);
    StagedNetwork network = network(AutoencoderKL.decoderStages(config), weights, 8);
    var cancellation = new Cancellation();
    cancellation.cancel();
    Tensor latents = generator.randn(Shape.of(1, 4, 9, 9));
    assertThrows(CancelledException.class, () -> network.run(latents, cancellation));
  }
}
