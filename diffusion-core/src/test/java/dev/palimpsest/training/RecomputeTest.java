package dev.palimpsest.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Config;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.model.UNet2DConditionModel;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecomputeTest {
  private static final Config CONFIG =
      Config.of(
          Map.of(
              "sample_size", 8,
              "in_channels", 4,
              "out_channels", 4,
              "block_out_channels", List.of(8, 16),
              "norm_num_groups", 4,
              "layers_per_block", 1,
              "attention_head_dim", 2,
              "cross_attention_dim", 6,
              "down_block_types", List.of("CrossAttnDownBlock2D", "DownBlock2D"),
              "up_block_types", List.of("UpBlock2D", "CrossAttnUpBlock2D")));

  private static Graph network() {
    Graph unet =
        UNet2DConditionModel.graph(CONFIG)
            .bind(Map.of("batch", 2L, "timesteps", 2L, "height", 8L, "width", 8L, "tokens", 3L));
    Value out = requireNonNull(unet.outputs().get("out_sample"));
    Value target = Value.input("target", out.dtype(), out.dims());
    return Graph.of("unet", TrainingGraph.LOSS, Losses.meanSquaredError(out, target));
  }

  private static TrainingSession.Result step(Recompute recompute) {
    Graph network = network();
    Weights weights = Initialization.torch(network, 5);
    var graph = TrainingGraph.of(network, weights.names(), recompute);
    SeededStream random = SeededStream.of(1, "recompute");
    Map<String, Tensor> batch =
        Map.of(
            "sample", random.gaussian(Shape.of(2, 4, 8, 8)),
            "timestep", Tensor.of(Shape.of(2), 10f, 700f),
            "encoder_hidden_states", random.gaussian(Shape.of(2, 3, 6)),
            "target", random.gaussian(Shape.of(2, 4, 8, 8)));
    Map<String, Tensor> initial = new HashMap<>();
    weights.names().forEach(name -> initial.put(name, weights.get(name)));
    try (TrainingSession session =
        TrainingSession.open(graph, Trainables.of(initial), weights::get, Device.cpu(1))) {
      return session.run(batch, 1, new Cancellation());
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NOTHING")
  void gradientsAreThoseOfWhatIsKept(Recompute recompute) {
    TrainingSession.Result kept = step(Recompute.NOTHING);
    TrainingSession.Result again = step(recompute);
    assertEquals(kept.loss(), again.loss(), 1e-6);
    assertEquals(kept.gradients().keySet(), again.gradients().keySet());
    kept.gradients()
        .forEach(
            (name, want) ->
                assertArrayEquals(
                    want.floats(),
                    requireNonNull(again.gradients().get(name)).floats(),
                    2e-5f,
                    name));
  }

  /** Bytes of the forward part's results that some operator of the backward part reads. */
  private static long kept(Recompute recompute) {
    Graph graph = TrainingGraph.of(network(), network().parameters().keySet(), recompute).graph();
    Set<Node> forward = Collections.newSetFromMap(new IdentityHashMap<>());
    forward.addAll(Graph.of("loss", "loss", requireNonNull(graph.outputs().get("loss"))).nodes());
    Set<Object> seen = new HashSet<>();
    long bytes = 0;
    for (Node node : graph.nodes()) {
      for (Value input : node.inputs()) {
        boolean crosses = input != null && input.node() != null && !forward.contains(node);
        if (crosses
            && forward.contains(requireNonNull(input).node())
            && input.dtype().isFloating()
            && seen.add(System.identityHashCode(input.node()) + "." + input.index())) {
          bytes += input.shape().elements() * input.dtype().bytes();
        }
      }
    }
    return bytes;
  }

  @Test
  void lessIsKept() {
    long all = kept(Recompute.NOTHING);
    long cheap = kept(Recompute.CHEAP_OPERATORS);
    long blocks = kept(Recompute.BLOCKS);
    assertTrue(cheap < 0.8 * all, cheap + " of " + all);
    assertTrue(blocks < 0.5 * all, blocks + " of " + all);
  }

  @Test
  void aNetworkWithoutNamedBlocksIsRefused() {
    var refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> TrainingGraph.of(TinyTraining.network(), TinyTraining.TRAINED, Recompute.BLOCKS));
    assertTrue(String.valueOf(refusal.getMessage()).contains("tiny"), refusal.toString());
  }
}
