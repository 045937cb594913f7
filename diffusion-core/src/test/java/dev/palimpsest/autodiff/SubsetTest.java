package dev.palimpsest.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.autodiff.SmallNetworks.Network;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import java.io.IOException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is not wanted is not computed. */
class SubsetTest {
  private static List<Node> backward(Network network, List<Value> wanted) {
    var outputs = new LinkedHashMap<String, Value>();
    List<Value> cotangents = List.of(Value.constant(network.cotangent()));
    for (Value value : Gradients.of(List.of(network.output()), cotangents, wanted)) {
      outputs.put("gradient" + outputs.size(), value);
    }
    Set<Node> forward = Collections.newSetFromMap(new IdentityHashMap<>());
    forward.addAll(network.graph().nodes());
    return Graph.of("subset", outputs).nodes().stream()
        .filter(node -> !forward.contains(node))
        .toList();
  }

  private static List<Value> parameters(Network network, String part) {
    return network.graph().parameters().entrySet().stream()
        .filter(entry -> entry.getKey().contains(part))
        .map(Map.Entry::getValue)
        .toList();
  }

  private static long count(List<Node> nodes, String operator) {
    return nodes.stream().filter(node -> node.name().equals(operator)).count();
  }

  @Test
  void attentionProjectionsAloneLeaveOutTheGradientsOfOtherWeights() throws IOException {
    Network unet = SmallNetworks.all().get(0);
    List<Value> wanted = parameters(unet, "attn2.to_k.weight");
    List<Node> some = backward(unet, wanted);
    List<Node> all = backward(unet, unet.wanted());
    // One product a wanted weight; no convolution's and no other linear layer's.
    assertEquals(wanted.size(), count(some, "Gemm"));
    assertTrue(count(all, "Gemm") > 100, () -> "all weights: " + count(all, "Gemm"));
    assertEquals(0, count(some, "Pad"));
    assertTrue(some.size() < 0.6 * all.size(), some.size() + " of " + all.size());
  }

  @Test
  void nothingBeforeTheFirstWantedLayerIsVisited() throws IOException {
    Network unet = SmallNetworks.all().get(0);
    List<Value> last = parameters(unet, "conv_norm_out");
    List<Node> nodes = backward(unet, last);
    // The last convolution's gradient of its input, and two sums.
    assertEquals(1, count(nodes, "ConvTranspose"));
    assertEquals(0, count(nodes, "MatMul"));
    assertTrue(nodes.size() < 60, () -> nodes.size() + " nodes");
  }
}
