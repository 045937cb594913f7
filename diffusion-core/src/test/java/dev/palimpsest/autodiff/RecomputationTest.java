package dev.palimpsest.autodiff;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import dev.palimpsest.autodiff.SmallNetworks.Network;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Onnx;
import dev.palimpsest.graph.Value;
import dev.palimpsest.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RecomputationTest {
  private static final Pattern BLOCK =
      Pattern.compile(".*(resnets|attentions|layers|mlp)\\.\\d+|.*embeddings|conv_in");

  static List<Network> networks() throws IOException {
    return SmallNetworks.all().subList(2, 6);
  }

  static List<Value> blocks(Network network) {
    var blocks = new ArrayList<Value>();
    network
        .graph()
        .named()
        .forEach(
            (name, value) -> {
              if (BLOCK.matcher(name).matches()) {
                blocks.add(value);
              }
            });
    return blocks;
  }

  @ParameterizedTest
  @MethodSource("networks")
  void recomputedGradientsAreTheSame(Network network) {
    Map<String, float[]> kept = NetworkGradientsTest.gradients(network, Recomputation.none());
    List<Value> blocks = blocks(network);
    assertTrue(blocks.size() > 1, () -> network + ": " + network.graph().named().keySet());
    compare(kept, NetworkGradientsTest.gradients(network, Recomputation.between(blocks)));
    compare(kept, NetworkGradientsTest.gradients(network, Recomputation.ofCheapOperators()));
  }

  private static void compare(Map<String, float[]> kept, Map<String, float[]> recomputed) {
    assertEquals(kept.keySet(), recomputed.keySet());
    kept.forEach(
        (name, want) -> {
          float[] got = requireNonNull(recomputed.get(name));
          double largest = 0;
          double error = 0;
          for (int i = 0; i < want.length; i++) {
            largest = Math.max(largest, Math.abs(want[i]));
            error = Math.max(error, Math.abs(got[i] - want[i]));
          }
          assertTrue(error <= 1e-4 * largest + 1e-6, name + ": " + error + " of " + largest);
        });
  }

  /** What ONNX Runtime makes of a graph, with everything that it may do to it. */
  private static Graph read(Graph graph, Path folder) throws Exception {
    Path file = folder.resolve("optimized.onnx");
    try (var options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      options.setOptimizedModelFilePath(file.toString());
      byte[] model = Onnx.modelWithoutWeights(graph, "none");
      OrtEnvironment.getEnvironment().createSession(model, options).close();
    }
    return Onnx.read(file).graph();
  }

  private static long products(Graph graph) {
    return count(graph, "MatMul") + count(graph, "com.microsoft.FusedMatMul");
  }

  private static long count(Graph graph, String operator) {
    return graph.nodes().stream().filter(node -> node.name().equals(operator)).count();
  }

  /** Four blocks of sin(exp(x · w)). */
  private static Graph chain(Function<List<Value>, Recomputation> choice) {
    Value w = Value.input("w", DType.FLOAT32, Dims.of(3, 3));
    Value x = Value.input("x", DType.FLOAT32, Dims.of(2, 3));
    var blocks = new ArrayList<Value>();
    Value h = x;
    for (int i = 0; i < 4; i++) {
      h = h.matmul(w).exp().sin();
      blocks.add(h);
    }
    Value gradient = Gradients.of(h.sum(0, 1), List.of(w), choice.apply(blocks)).get(0);
    return Graph.of("chain", Map.of("gradient", gradient, "out", h));
  }

  @Test
  void onnxRuntimeKeepsWhatIsRecomputed(@TempDir Path folder) throws Exception {
    Graph kept = chain(blocks -> Recomputation.none());
    assertEquals(4, count(kept, "Exp"));
    assertEquals(4, count(read(kept, folder), "Exp"));
    Graph between = chain(Recomputation::between);
    // The first block has no boundary before it, so it is kept.
    assertEquals(4 + 3, count(between, "Exp"));
    assertEquals(4 + 3, count(read(between, folder), "Exp"));
    assertEquals(products(kept) + 3, products(read(between, folder)));
    Graph cheap = chain(blocks -> Recomputation.ofCheapOperators());
    assertEquals(4 + 4, count(read(cheap, folder), "Exp"));
    assertEquals(products(kept), products(read(cheap, folder)));
  }

  @Test
  void everyValueIsRecomputedOnce() {
    Graph between = chain(Recomputation::between);
    Graph more = chain(blocks -> Recomputation.between(blocks.subList(0, 1)));
    assertEquals(4 + 3, count(between, "Exp"));
    assertEquals(4 + 3, count(more, "Exp"));
  }
}
