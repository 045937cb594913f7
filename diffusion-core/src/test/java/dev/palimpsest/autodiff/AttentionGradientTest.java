package dev.palimpsest.autodiff;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.UnsupportedModelException;
import dev.palimpsest.graph.Attributes;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Node;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import dev.palimpsest.tensor.TorchGenerator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionGradientTest {
  /** So many queries and keys that the probabilities are made in three parts. */
  private static final long TOKENS = 4500;

  private static final int WIDTH = 4;

  private static Value input(String name) {
    return Value.input(name, DType.FLOAT32, Dims.of(1, TOKENS, WIDTH));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void partsOfTheQueriesGiveTheGradientsOfAll(boolean causal) {
    Value q = input("q");
    Value k = input("k");
    Value v = input("v");
    Value dy = input("dy");
    Value fused = q.multiHeadAttention(k, v, 1, causal);
    var outputs = new LinkedHashMap<String, Value>();
    List<Value> gradients = Gradients.of(List.of(fused), List.of(dy), List.of(q, k, v));
    Value logits = q.matmul(k.transpose(0, 2, 1)).mul(0.5f);
    Value plain = (causal ? logits.add(mask()) : logits).softmax(-1).matmul(v);
    List<Value> expected = Gradients.of(List.of(plain), List.of(dy), List.of(q, k, v));
    for (int i = 0; i < 3; i++) {
      outputs.put("got" + i, gradients.get(i));
      outputs.put("want" + i, expected.get(i));
    }
    Graph graph = Graph.of("attention", outputs);
    long softmaxes = graph.nodes().stream().filter(node -> node.name().equals("Softmax")).count();
    assertEquals(2 + 1, softmaxes);
    var inputs = new LinkedHashMap<String, Tensor>();
    var generator = new TorchGenerator(5);
    for (String name : graph.inputs().keySet()) {
      inputs.put(name, generator.randn(Shape.of(1, TOKENS, WIDTH)));
    }
    try (Session session = Session.open(graph, name -> inputs.get(name), Device.cpu(2))) {
      Map<String, Tensor> run = session.run(inputs);
      for (int i = 0; i < 3; i++) {
        compare(requireNonNull(run.get("want" + i)), requireNonNull(run.get("got" + i)));
      }
    }
  }

  private static Value mask() {
    float[] values = new float[(int) (TOKENS * TOKENS)];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % TOKENS > i / TOKENS ? -10000 : 0;
    }
    return Value.constant(Tensor.of(Shape.of(TOKENS, TOKENS), values));
  }

  private static void compare(Tensor want, Tensor got) {
    float[] w = want.floats();
    float[] g = got.floats();
    for (int i = 0; i < w.length; i++) {
      assertEquals(w[i], g[i], 1e-5 + 1e-4 * Math.abs(w[i]));
    }
  }

  @Test
  void inputsWithoutARuleAreNamed() {
    Value q = Value.input("q", DType.FLOAT32, Dims.of(1, 2, 4));
    Value bias = Value.input("bias", DType.FLOAT32, Dims.of(12));
    Value out =
        Node.apply(
                "com.microsoft.MultiHeadAttention",
                Attributes.NONE.with("num_heads", 1L),
                List.of(q, q, q, bias))
            .get(0);
    var e =
        assertThrows(
            UnsupportedModelException.class, () -> Gradients.of(out.sum(0, 1, 2), List.of(q)));
    assertTrue(String.valueOf(e.getMessage()).contains("input 3"), e.getMessage());
  }
}
