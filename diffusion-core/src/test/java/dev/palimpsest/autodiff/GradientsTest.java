package dev.palimpsest.autodiff;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class GradientsTest {
  private static final Value X = input("x", 2, 3);

  private static Value input(String name, long... sizes) {
    return Value.input(name, DType.FLOAT32, Dims.of(sizes));
  }

  private static Value total(Value value) {
    long[] axes = new long[value.dims().rank()];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = i;
    }
    return value.sum(axes);
  }

  private static Map<String, Tensor> run(Map<String, Value> outputs, Map<String, Tensor> inputs) {
    try (Session session =
        Session.open(Graph.of("test", outputs), name -> inputs.get(name), Device.cpu(1))) {
      return session.run(inputs);
    }
  }

  private static float[] run(Value output, Map<String, Tensor> inputs) {
    return requireNonNull(run(Map.of("out", output), inputs).get("out")).floats();
  }

  private static String message(Class<? extends Exception> type, Value loss, Value... wanted) {
    return String.valueOf(
        assertThrows(type, () -> Gradients.of(loss, List.of(wanted))).getMessage());
  }

  @Test
  void sumsTheContributionsOfAValueUsedSeveralTimes() {
    // d/dx (x·x + 3x + x) = 2x + 4
    Value loss = total(X.mul(X).add(X.mul(3)).add(X));
    Value gradient = Gradients.of(loss, List.of(X)).get(0);
    Tensor x = Tensor.of(Shape.of(2, 3), 1f, 2f, 3f, -1f, 0f, 0.5f);
    assertArrayEquals(new float[] {6, 8, 10, 2, 4, 5}, run(gradient, Map.of("x", x)));
  }

  @Test
  void undoesBroadcasting() {
    Value row = input("row", 3);
    Value column = input("column", 2, 1);
    Value loss = total(X.mul(row).add(column));
    List<Value> gradients = Gradients.of(loss, List.of(row, column));
    assertEquals(row.dims(), gradients.get(0).dims());
    assertEquals(column.dims(), gradients.get(1).dims());
    Tensor x = Tensor.of(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f);
    assertArrayEquals(new float[] {5, 7, 9}, run(gradients.get(0), Map.of("x", x)));
    assertArrayEquals(new float[] {3, 3}, run(gradients.get(1), Map.of()));
  }

  @Test
  void givesGradientsInTheOrderAsked() {
    Value a = input("a", 1);
    Value b = input("b", 1);
    Value loss = a.mul(2).add(b.mul(5));
    Map<String, Tensor> none = Map.of();
    List<Value> gradients = Gradients.of(loss, List.of(b, a));
    assertArrayEquals(new float[] {5}, run(gradients.get(0), none));
    assertArrayEquals(new float[] {2}, run(gradients.get(1), none));
  }

  @Test
  void givesTheGradientOfAnIntermediateValueAndVisitsNothingBeforeIt() {
    Value middle = X.exp().named("middle");
    Value loss = total(middle.mul(middle));
    Value gradient = Gradients.of(loss, List.of(middle)).get(0);
    assertEquals(1, count(gradient, "Exp"));
    assertEquals(1, count(Gradients.of(loss, List.of(X)).get(0), "Exp"));
    Tensor x = Tensor.zeros(Shape.of(2, 3));
    assertArrayEquals(new float[] {2, 2, 2, 2, 2, 2}, run(gradient, Map.of("x", x)));
  }

  @Test
  void leavesOutWhatNoWantedValueNeeds() {
    Value w1 = Value.parameter("w1", DType.FLOAT32, Shape.of(3, 3));
    Value w2 = Value.parameter("w2", DType.FLOAT32, Shape.of(3, 3));
    Value w3 = Value.parameter("w3", DType.FLOAT32, Shape.of(3, 3));
    Value loss = total(X.matmul(w1).tanh().matmul(w2).tanh().matmul(w3));
    Value gradient = Gradients.of(loss, List.of(w2)).get(0);
    // Forward: w1, w2. Backward: through w3 to the second tanh, then w2's own product.
    Graph graph = Graph.of("gradient", "g", gradient);
    assertEquals(Set.of("w1", "w2", "w3"), graph.parameters().keySet());
    assertEquals(3, count(gradient, "MatMul"));
    assertEquals(1, count(gradient, "Gemm"));
    Value all = Gradients.of(loss, List.of(w1)).get(0);
    assertEquals(4, count(all, "MatMul"));
  }

  private static long count(Value value, String operator) {
    return Graph.of("count", "out", value).nodes().stream()
        .filter(node -> node.name().equals(operator))
        .count();
  }

  @Test
  void multipliesCotangentsOfSeveralOutputs() {
    Value y = X.mul(2);
    Value z = X.mul(X);
    Value dy = input("dy", 2, 3);
    Value dz = input("dz", 2, 3);
    Value gradient = Gradients.of(List.of(y, z), List.of(dy, dz), List.of(X)).get(0);
    Tensor ones = Tensor.of(Shape.of(2, 3), 1f, 1f, 1f, 1f, 1f, 1f);
    Tensor twos = Tensor.of(Shape.of(2, 3), 2f, 2f, 2f, 2f, 2f, 2f);
    assertArrayEquals(
        new float[] {10, 10, 10, 10, 10, 10},
        run(gradient, Map.of("x", twos, "dy", ones, "dz", twos)));
  }

  @Test
  void differentiatesTwice() {
    Value loss = total(X.mul(X).mul(X));
    Value first = Gradients.of(loss, List.of(X)).get(0);
    Value second = Gradients.of(total(first), List.of(X)).get(0);
    Tensor x = Tensor.of(Shape.of(2, 3), 1f, 2f, 3f, -1f, 0f, 0.5f);
    assertArrayEquals(new float[] {6, 12, 18, -6, 0, 3}, run(second, Map.of("x", x)));
  }

  @Test
  void refusesALossOfSeveralNumbers() {
    String message = message(IllegalArgumentException.class, X.exp(), X);
    assertTrue(message.contains("one floating number") && message.contains("[2, 3]"), message);
  }

  @Test
  void namesAWantedValueThatTheLossDoesNotDependOn() {
    Value other = input("other", 2);
    String message = message(IllegalArgumentException.class, total(X), X, other);
    assertTrue(message.contains("does not depend on other:FLOAT32[2]"), message);
    // Only the shape of a value reaches the loss.
    Value shaped = total(X.reshape(other.exp().shapeValue().mul(Value.constant(3L))));
    assertTrue(message(IllegalArgumentException.class, shaped, other).contains("does not depend"));
  }

  @Test
  void namesAnOperatorWithoutARuleAndTheRulesThereAre() {
    Value mod = Node.apply("Mod", Attributes.NONE.with("fmod", 1L), List.of(X, X)).get(0);
    String message = message(UnsupportedModelException.class, total(mod), X);
    assertTrue(message.contains("operator Mod has no gradient rule"), message);
    assertTrue(message.contains("x:FLOAT32[2, 3]") && message.contains("MatMul"), message);
  }

  @Test
  void toleratesAnOperatorWithoutARuleBesideThePath() {
    Value other = input("other", 2, 3);
    Value mod = Node.apply("Mod", Attributes.NONE.with("fmod", 1L), List.of(other, other)).get(0);
    assertEquals(1, Gradients.of(total(X.mul(mod)), List.of(X)).size());
  }

  @Test
  void refusesUnknownShapes() {
    Value x = Value.input("x", DType.FLOAT32, Dims.parse("batch", 3));
    Value loss = total(x.mul(x));
    String message = message(IllegalArgumentException.class, loss, x);
    assertTrue(message.contains("is not known; bind the graph"), message);
    assertTrue(message.contains("[batch, 3]"), message);
    Graph bound = Graph.of("bound", "loss", loss).bind(Map.of("batch", 2L));
    Value bx = requireNonNull(bound.inputs().get("x"));
    Value boundLoss = requireNonNull(bound.outputs().get("loss"));
    assertEquals(Dims.of(2, 3), Gradients.of(boundLoss, List.of(bx)).get(0).dims());
  }

  @Test
  void refusesACotangentThatDoesNotFit() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Gradients.of(List.of(X.exp()), List.of(input("dy", 3)), List.of(X)));
    assertTrue(String.valueOf(e.getMessage()).contains("dy:FLOAT32[3]"), e.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> Gradients.of(List.of(X.exp()), List.of(), List.of(X)));
  }

  @Test
  void noOperatorBothHasARuleAndLetsNothingThrough() {
    var both = new TreeSet<>(GradientRules.opaque());
    both.retainAll(GradientRules.names());
    assertEquals(Set.of(), both);
  }
}
