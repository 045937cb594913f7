package dev.palimpsest.runtime;

import static dev.palimpsest.runtime.TestGraphs.PRODUCT;
import static dev.palimpsest.runtime.TestGraphs.WEIGHT;
import static dev.palimpsest.runtime.TestGraphs.random;
import static dev.palimpsest.runtime.TestGraphs.run;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.errors.InferenceException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.SessionSettings.Optimization;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SessionTest {
  private static final Tensor X = Tensor.of(Shape.of(1, 2), 1f, 10);

  @Test
  void computesWithWeights() {
    try (Session session = TestGraphs.product()) {
      Tensor y = run(session, X);
      assertEquals(Shape.of(1, 3), y.shape());
      assertArrayEquals(new float[] {41, 52, 63}, y.floats());
      assertEquals("product", session.name());
      assertEquals("[x FLOAT32[rows, 2]]", session.inputs().values().toString());
      assertEquals("[y FLOAT32[rows, 3]]", session.outputs().values().toString());
    }
  }

  @ParameterizedTest
  @EnumSource(Optimization.class)
  void settingsDoNotChangeResults(Optimization optimization) {
    SessionSettings settings =
        SessionSettings.defaults()
            .optimization(optimization)
            .prepacking(false)
            .arena(false)
            .memoryPattern(false);
    try (Session session = Session.open(PRODUCT, name -> WEIGHT, Device.cpu(2), settings)) {
      assertArrayEquals(new float[] {41, 52, 63}, run(session, X).floats());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16", "FLOAT64"})
  void storedWeightsAreConverted(DType stored) {
    // Every float16 pattern but NaNs; the other types from the same bits.
    Tensor weight = patterns(stored);
    int count = Math.toIntExact(weight.elements());
    Graph graph =
        Graph.of(
            "copy",
            "y",
            Value.input("x", DType.FLOAT32, Dims.of(1))
                .add(Value.parameter("w", DType.FLOAT32, Shape.of(count))));
    try (Session session = Session.open(graph, name -> weight, Device.cpu(1))) {
      Tensor y = run(session, Tensor.of(Shape.of(1), 0f));
      assertArrayEquals(weight.floats(), y.floats());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64"})
  void linearLayersWithWeightsOfEveryStoredType(DType stored) {
    Tensor weight = random(Shape.of(40, 24), 1).as(stored);
    Tensor x = random(Shape.of(6, 24), 2);
    Value input = Value.input("x", DType.FLOAT32, Dims.parse(2, "tokens", 24));
    Value parameter = Value.parameter("w", DType.FLOAT32, Shape.of(40, 24));
    Graph graph = Graph.of("linear", "y", input.linear(parameter, null));
    try (Session session = Session.open(graph, name -> weight, Device.cpu(1))) {
      Tensor y = run(session, x.reshape(Shape.of(2, 3, 24)));
      assertEquals(Shape.of(2, 3, 40), y.shape());
      float[] w = weight.floats();
      for (int row = 0; row < 6; row++) {
        for (int column = 0; column < 40; column++) {
          double sum = 0;
          for (int i = 0; i < 24; i++) {
            sum += (double) x.floats()[24 * row + i] * w[24 * column + i];
          }
          assertEquals(sum, y.floats()[40 * row + column], 1e-7);
        }
      }
    }
  }

  private static Tensor patterns(DType dtype) {
    Tensor halves = Tensor.of(Shape.of(65536), new float[65536]).as(DType.FLOAT16);
    ByteBuffer data = Tensor.allocate(DType.FLOAT16, halves.shape());
    for (int i = 0; i < 65536; i++) {
      // The sign of zero is lost in a sum, NaN patterns are not kept.
      boolean plain = (i & 0x7fff) != 0 && (i & 0x7c00) != 0x7c00 && (i & 0x7f80) != 0x7f80;
      data.putShort(2 * i, (short) (plain ? i : 0x3c00));
    }
    DType bits = dtype == DType.BFLOAT16 ? DType.BFLOAT16 : DType.FLOAT16;
    return Tensor.wrap(bits, halves.shape(), data).as(dtype);
  }

  @Test
  void floatWeightsAreNarrowedForHalfParameters() {
    Graph graph =
        Graph.of(
            "half",
            "y",
            Value.input("x", DType.FLOAT16, Dims.of(2))
                .add(Value.parameter("w", DType.FLOAT16, Shape.of(2))));
    Tensor weight = Tensor.of(Shape.of(2), 0.1f, 1000.3f);
    try (Session session = Session.open(graph, name -> weight, Device.cpu(1))) {
      Tensor y = run(session, Tensor.zeros(Shape.of(2)).as(DType.FLOAT16));
      assertEquals(DType.FLOAT16, y.dtype());
      assertArrayEquals(weight.as(DType.FLOAT16).floats(), y.floats());
    }
  }

  @Test
  void weightsAtAnyAddressAndOfAnyKindOfMemory() {
    for (int shift = 0; shift < 9; shift++) {
      ByteBuffer memory = ByteBuffer.allocateDirect(100);
      memory.position(shift).put(WEIGHT.bytes()).flip().position(shift);
      Tensor weight = Tensor.wrap(DType.FLOAT32, WEIGHT.shape(), memory);
      try (Session session = Session.open(PRODUCT, name -> weight, Device.cpu(1))) {
        assertArrayEquals(new float[] {41, 52, 63}, run(session, X).floats());
      }
    }
    ByteBuffer heap = ByteBuffer.allocate(24).put(WEIGHT.bytes()).flip();
    Tensor weight = Tensor.wrap(DType.FLOAT32, WEIGHT.shape(), heap);
    try (Session session = Session.open(PRODUCT, name -> weight, Device.cpu(1))) {
      assertArrayEquals(new float[] {41, 52, 63}, run(session, X).floats());
    }
  }

  @Test
  void weightsAreNotUsedAfterOpening() {
    ByteBuffer memory = ByteBuffer.allocateDirect(4 * 64 * 64);
    memory.put(random(Shape.of(64, 64), 1).bytes()).flip();
    Graph graph =
        Graph.of(
            "copied",
            "y",
            Value.input("x", DType.FLOAT32, Dims.parse("rows", 64))
                .matmul(Value.parameter("w", DType.FLOAT32, Shape.of(64, 64))));
    for (boolean prepacking : List.of(true, false)) {
      Tensor weight = Tensor.wrap(DType.FLOAT32, Shape.of(64, 64), memory.duplicate());
      SessionSettings settings = SessionSettings.defaults().prepacking(prepacking);
      try (Session session = Session.open(graph, name -> weight, Device.cpu(1), settings)) {
        Tensor x = random(Shape.of(3, 64), 2);
        float[] before = run(session, x).floats();
        for (int i = 0; i < memory.capacity(); i++) {
          memory.put(i, (byte) (memory.get(i) + 77));
        }
        assertArrayEquals(before, run(session, x).floats());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64", "INT32", "INT64", "BOOL", "UINT8"})
  void everyTypeGoesInAndOut(DType dtype) {
    Value x = Value.input("x", dtype, Dims.parse("n", "m"));
    Graph graph = Graph.of("types", "y", x.transpose(1, 0));
    ByteBuffer data = Tensor.allocate(dtype, Shape.of(2, 3));
    for (int i = 0; i < data.capacity(); i++) {
      data.put(i, (byte) (dtype == DType.BOOL ? i % 2 : i + 1));
    }
    Tensor given = Tensor.wrap(dtype, Shape.of(2, 3), data);
    try (Session session = Session.open(graph, name -> WEIGHT, Device.cpu(1))) {
      Tensor y = run(session, given);
      assertEquals(dtype, y.dtype());
      assertEquals(Shape.of(3, 2), y.shape());
      double[] in = given.doubles();
      double[] out = y.doubles();
      for (int i = 0; i < 6; i++) {
        assertEquals(in[i], out[i % 3 * 2 + i / 3]);
      }
      Tensor none = Tensor.wrap(dtype, Shape.of(0, 3), Tensor.allocate(dtype, Shape.of(0, 3)));
      assertEquals(Shape.of(3, 0), run(session, none).shape());
    }
  }

  @Test
  void manyThreadsGetWhatOneGets() throws Exception {
    try (Session session = TestGraphs.chain(4, Device.cpu(2))) {
      var expected = new ArrayList<float[]>();
      for (int i = 0; i < 32; i++) {
        expected.add(run(session, TestGraphs.chainInput(i)).floats());
      }
      var threads = Executors.newFixedThreadPool(32);
      try {
        var tasks = new ArrayList<Callable<float[]>>();
        for (int i = 0; i < 32; i++) {
          Tensor x = TestGraphs.chainInput(i);
          tasks.add(() -> run(session, x).floats());
        }
        List<Future<float[]>> results = threads.invokeAll(tasks);
        for (int i = 0; i < 32; i++) {
          assertArrayEquals(expected.get(i), results.get(i).get());
        }
      } finally {
        threads.shutdown();
      }
    }
  }

  @Test
  void sameThreadsSameBytes() {
    for (int threads = 1; threads <= 3; threads++) {
      float[] first;
      try (Session session = TestGraphs.chain(8, Device.cpu(threads))) {
        first = run(session, TestGraphs.chainInput(5)).floats();
        assertArrayEquals(first, run(session, TestGraphs.chainInput(5)).floats());
      }
      try (Session session = TestGraphs.chain(8, Device.cpu(threads))) {
        assertArrayEquals(first, run(session, TestGraphs.chainInput(5)).floats());
      }
    }
  }

  @Test
  void missingInputIsNamed() {
    assertRefused(Map.of(), "session product: input x FLOAT32[rows, 2] is missing; given are {}");
  }

  @Test
  void unknownInputIsNamed() {
    var inputs = new LinkedHashMap<String, Tensor>();
    inputs.put("x", X);
    inputs.put("z", X);
    assertRefused(inputs, "session product has no input z; its inputs are [x FLOAT32[rows, 2]]");
  }

  @Test
  void wrongTypeIsNamed() {
    assertRefused(
        Map.of("x", X.as(DType.FLOAT64)),
        "session product: input x is FLOAT64[1, 2], expected FLOAT32[rows, 2]");
  }

  @Test
  void wrongRankIsNamed() {
    assertRefused(
        Map.of("x", X.reshape(Shape.of(2))),
        "session product: input x is FLOAT32[2], expected FLOAT32[rows, 2]");
  }

  @Test
  void wrongSizeIsNamed() {
    assertRefused(
        Map.of("x", X.reshape(Shape.of(2, 1))),
        "session product: input x is FLOAT32[2, 1], expected FLOAT32[rows, 2]");
  }

  private static void assertRefused(Map<String, Tensor> inputs, String message) {
    try (Session session = TestGraphs.product()) {
      var e = assertThrows(IllegalArgumentException.class, () -> session.run(inputs));
      assertEquals(message, e.getMessage());
    }
  }

  @Test
  void failedRunNamesSessionAndInputs() {
    Graph graph =
        Graph.of(
            "sum",
            "y",
            Value.input("a", DType.FLOAT32, Dims.parse("n"))
                .add(Value.input("b", DType.FLOAT32, Dims.parse("m"))));
    try (Session session = Session.open(graph, name -> WEIGHT, Device.cpu(1))) {
      var inputs = new LinkedHashMap<String, Tensor>();
      inputs.put("a", Tensor.zeros(Shape.of(2)));
      inputs.put("b", Tensor.zeros(Shape.of(3)));
      var e = assertThrows(InferenceException.class, () -> session.run(inputs));
      String start = "session sum failed on inputs {a=FLOAT32[2], b=FLOAT32[3]}: ";
      assertTrue(requireNonNull(e.getMessage()).startsWith(start), e.getMessage());
    }
  }

  @Test
  @SuppressWarnings("NullAway") // what a map's get gives
  void missingWeightIsNamed() {
    assertEquals(
        "session product: no weight for parameter w, expected FLOAT32[2, 3]",
        refusedWeight(null).getMessage());
  }

  @Test
  void weightOfAnotherShapeIsNamed() {
    assertEquals(
        "session product: the weight for parameter w is FLOAT32[3, 2], expected FLOAT32[2, 3]",
        refusedWeight(WEIGHT.reshape(Shape.of(3, 2))).getMessage());
  }

  @Test
  void weightOfAnotherKindIsNamed() {
    assertEquals(
        "session product: the weight for parameter w is INT64[2, 3], expected FLOAT32[2, 3]",
        refusedWeight(Tensor.of(Shape.of(2, 3), 1L, 2, 3, 4, 5, 6)).getMessage());
  }

  private static IllegalArgumentException refusedWeight(Tensor weight) {
    return assertThrows(
        IllegalArgumentException.class,
        () -> Session.open(PRODUCT, name -> weight, Device.cpu(1)).close());
  }
}
