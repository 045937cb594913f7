package dev.palimpsest.training;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.autodiff.Recomputation;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.errors.TrainingDivergedException;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.runtime.Session;
import dev.palimpsest.runtime.SessionSettings;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {
  @TempDir Path temp;

  private TrainingResult unbroken() throws IOException {
    try (TrainingRun run = TinyTraining.builder().open(temp.resolve("unbroken"))) {
      return run.train(TrainingListener.NONE);
    }
  }

  static void assertSame(TrainingResult expected, TrainingResult actual) {
    assertEquals(expected.step(), actual.step());
    assertEquals(expected.finished(), actual.finished());
    assertSame(expected.weights(), actual.weights());
    assertSame(expected.averaged().orElseThrow(), actual.averaged().orElseThrow());
  }

  private static void assertSame(Weights expected, Weights actual) {
    assertEquals(expected.names(), actual.names());
    for (String name : expected.names()) {
      assertArrayEquals(expected.get(name).floats(), actual.get(name).floats(), name);
    }
  }

  static List<String> rows(Path folder) throws IOException {
    return Files.readAllLines(folder.resolve("events.csv")).stream()
        .map(row -> row.substring(0, row.lastIndexOf(',')))
        .collect(Collectors.toList());
  }

  private static List<String> states(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.contains("state"))
          .sorted()
          .toList();
    }
  }

  @Test
  void theLossFallsAndEveryStepIsTold() throws IOException {
    var losses = new ArrayList<Float>();
    var rates = new ArrayList<Double>();
    TrainingResult result;
    try (TrainingRun run = TinyTraining.builder().open(temp)) {
      assertEquals(0, run.step());
      assertEquals(40, run.steps());
      result =
          run.train(
              step -> {
                losses.add(step.loss());
                rates.add(step.learningRate());
                assertEquals(losses.size(), step.step());
                assertEquals(40, step.steps());
                assertTrue(step.seconds() > 0);
                assertTrue(step.remaining().toMillis() >= 0);
                assertTrue(step.gradientNorm() > 0);
              });
      assertEquals(40, run.step());
    }
    assertTrue(result.finished());
    assertTrue(losses.get(39) < 0.9 * losses.get(0), losses::toString);
    assertEquals(0, rates.get(0));
    assertEquals(1e-2, rates.get(4));
    List<String> rows = rows(temp);
    assertEquals("step,loss,learning_rate,gradient_norm", rows.get(0));
    assertEquals(41, rows.size());
    assertTrue(rows.get(3).startsWith("3," + losses.get(2) + "," + rates.get(2) + ","));
    assertEquals(
        List.of("state-0000000035.safetensors", "state-0000000040.safetensors"), states(temp));
    assertEquals(TinyTraining.TRAINED, result.weights().names());
    assertEquals(result.averaged().orElseThrow(), result.best());
  }

  @Test
  void aFinishedRunGivesItsResultAgain() throws IOException {
    TrainingResult expected = unbroken();
    try (TrainingRun run = TinyTraining.builder().open(temp.resolve("unbroken"))) {
      assertSame(
          expected,
          run.train(
              step -> {
                throw new AssertionError("no step is left");
              }));
    }
  }

  @Test
  void aCancelledRunReturnsWhatItHasAndResumesToTheSameBytes() throws IOException {
    TrainingResult expected = unbroken();
    Path folder = temp.resolve("cancelled");
    try (TrainingRun run = TinyTraining.builder().open(folder)) {
      TrainingResult some =
          run.train(
              step -> {
                if (step.step() == 7) {
                  step.cancel();
                }
              });
      assertEquals(7, some.step());
      assertFalse(some.finished());
      var cancelled = new Cancellation();
      cancelled.cancel();
      assertEquals(7, run.train(TrainingListener.NONE, cancelled).step());
    }
    assertEquals(
        List.of("state-0000000005.safetensors", "state-0000000007.safetensors"), states(folder));
    try (TrainingRun run = TinyTraining.builder().open(folder)) {
      assertEquals(7, run.step());
      assertSame(expected, run.train(TrainingListener.NONE));
    }
    assertEquals(rows(temp.resolve("unbroken")), rows(folder));
  }

  @Test
  void batchesOfSeveralSizesTrainTheSameWeightsAndResumeToTheSameBytes() throws IOException {
    TrainingResult expected;
    var losses = new ArrayList<Float>();
    try (TrainingRun run = TinyTraining.ofTwoSizes().accumulate(3).open(temp.resolve("sizes"))) {
      expected = run.train(step -> losses.add(step.loss()));
    }
    assertTrue(losses.get(39) < 0.9 * losses.get(0), losses::toString);
    Path folder = temp.resolve("cancelled");
    try (TrainingRun run = TinyTraining.ofTwoSizes().accumulate(3).open(folder)) {
      run.train(
          step -> {
            if (step.step() == 11) {
              step.cancel();
            }
          });
    }
    try (TrainingRun run = TinyTraining.ofTwoSizes().accumulate(3).open(folder)) {
      assertSame(expected, run.train(TrainingListener.NONE));
    }
  }

  @Test
  void aCancelledRunGoesOnWithoutBeingReopened() throws IOException {
    TrainingResult expected = unbroken();
    try (TrainingRun run = TinyTraining.builder().open(temp.resolve("twice"))) {
      run.train(TrainingListener.every(13, TrainingStep::cancel));
      assertEquals(13, run.step());
      assertSame(expected, run.train(TrainingListener.NONE));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"events synced", "state written", "folder synced", "older deleted"})
  void aRunThatDiesWhileSavingResumesToTheSameBytes(String stage) throws IOException {
    TrainingResult expected = unbroken();
    Path folder = temp.resolve("dies");
    for (int deaths = 1; deaths <= 4; deaths++) {
      int[] saves = {0};
      TrainingRunBuilder builder =
          TinyTraining.builder()
              .stages(
                  at -> {
                    if (at.equals(stage) && ++saves[0] == 2) {
                      throw new IOException("killed " + at);
                    }
                  });
      try (TrainingRun run = builder.open(folder)) {
        var e = assertThrows(IOException.class, () -> run.train(TrainingListener.NONE));
        assertEquals("killed " + stage, e.getMessage());
        assertThrows(IllegalStateException.class, () -> run.train(TrainingListener.NONE));
      }
    }
    try (TrainingRun run = TinyTraining.builder().open(folder)) {
      assertTrue(run.step() >= 15, () -> "at " + run.step());
      assertSame(expected, run.train(TrainingListener.NONE));
    }
    assertEquals(rows(temp.resolve("unbroken")), rows(folder));
    assertEquals(2, states(folder).size());
  }

  @Test
  void aListenersExceptionEndsTheRunAndTheLastStateStays() throws IOException {
    TrainingResult expected = unbroken();
    Path folder = temp.resolve("thrown");
    try (TrainingRun run = TinyTraining.builder().open(folder)) {
      assertThrows(
          ArithmeticException.class,
          () ->
              run.train(
                  TrainingListener.every(
                      12,
                      step -> {
                        throw new ArithmeticException();
                      })));
    }
    try (TrainingRun run = TinyTraining.builder().open(folder)) {
      assertEquals(10, run.step());
      assertSame(expected, run.train(TrainingListener.NONE));
    }
    assertEquals(rows(temp.resolve("unbroken")), rows(folder));
  }

  @Test
  void anUnreadableStateIsSetAsideForTheOneBeforeIt() throws IOException {
    TrainingResult expected = unbroken();
    Path folder = temp.resolve("unbroken");
    Path last = folder.resolve("state-0000000040.safetensors");
    byte[] bytes = Files.readAllBytes(last);
    bytes[bytes.length - 3] ^= 1;
    Files.write(last, bytes);
    try (TrainingRun run = TinyTraining.builder().open(folder)) {
      assertEquals(35, run.step());
      assertSame(expected, run.train(TrainingListener.NONE));
    }
    assertTrue(states(folder).contains("state-0000000040.safetensors.unreadable"));
    Files.write(last, new byte[] {1, 2, 3});
    try (TrainingRun run = TinyTraining.builder().open(folder)) {
      assertEquals(35, run.step());
    }
  }

  @Test
  void statesOfWhichNoneCanBeReadAreAnError() throws IOException {
    unbroken();
    Path folder = temp.resolve("unbroken");
    for (String state : states(folder)) {
      Files.write(folder.resolve(state), "{}".getBytes(UTF_8));
    }
    var e = assertThrows(CheckpointException.class, () -> TinyTraining.builder().open(folder));
    assertTrue(String.valueOf(e.getMessage()).contains("none of the states"), e::toString);
  }

  @Test
  void otherSettingsAreListed() throws IOException {
    unbroken();
    Path folder = temp.resolve("unbroken");
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> TinyTraining.builder().seed(10).clip(2).setting("data", "b").open(folder));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("seed=9 there, 10 now"), message);
    assertTrue(message.contains("clip=1.0 there, 2.0 now"), message);
    assertTrue(message.contains("data=(none) there, b now"), message);
    assertFalse(message.contains("steps"), message);
    try (TrainingRun run = TinyTraining.builder().open(folder)) {
      assertEquals(40, run.step(), "the folder is as it was");
    }
  }

  @Test
  void aFolderHasOneRunAtATime() throws IOException {
    try (TrainingRun run = TinyTraining.builder().open(temp)) {
      assertThrows(IllegalStateException.class, () -> TinyTraining.builder().open(temp));
      assertEquals(0, run.step());
    }
    TinyTraining.builder().open(temp).close();
  }

  @Test
  void aLossThatIsNotFiniteStopsTheRunAndTheLastStateStays() throws IOException {
    BatchSource bad =
        (position, random) -> {
          Map<String, Tensor> batch = TinyTraining.batch(position, random);
          if (position == 12) {
            Arrays.fill(requireNonNull(batch.get("y")).floats(), Float.NaN);
          }
          return batch;
        };
    TrainingRunBuilder builder =
        TrainingRun.builder(TinyTraining.graph(), TinyTraining.weights(), bad)
            .frozen(TinyTraining.weights())
            .saveEvery(5)
            .steps(40);
    try (TrainingRun run = builder.open(temp)) {
      var e = assertThrows(TrainingDivergedException.class, () -> run.train(TrainingListener.NONE));
      assertEquals("the loss of step 13 is NaN", e.getMessage());
    }
    try (TrainingRun run = builder.open(temp)) {
      assertEquals(10, run.step());
      for (float value : run.result().weights().get("second.weight").floats()) {
        assertTrue(Float.isFinite(value));
      }
    }
  }

  @Test
  void accumulatedBatchesAreOneLargeBatch() throws IOException {
    TrainingRunBuilder halves =
        TinyTraining.builder().accumulate(2).steps(1).learningRate(LearningRate.constant(0.1));
    var norms = new ArrayList<Double>();
    var losses = new ArrayList<Float>();
    try (TrainingRun run = halves.open(temp.resolve("halves"))) {
      run.train(
          step -> {
            norms.add(step.gradientNorm());
            losses.add(step.loss());
          });
    }
    Map<String, Tensor> first = TinyTraining.batch(0, SeededStream.of(9, "batch", 0));
    Map<String, Tensor> second = TinyTraining.batch(1, SeededStream.of(9, "batch", 1));
    var trainables = trainables();
    try (TrainingSession session =
        TrainingSession.open(
            TinyTraining.graph(), trainables, TinyTraining.weights()::get, Device.cpu(1))) {
      TrainingSession.Result a = session.run(first, 1, new Cancellation());
      TrainingSession.Result b = session.run(second, 1, new Cancellation());
      double squares = 0;
      for (String name : TinyTraining.TRAINED) {
        float[] x = requireNonNull(a.gradients().get(name)).floats();
        float[] y = requireNonNull(b.gradients().get(name)).floats();
        for (int i = 0; i < x.length; i++) {
          squares += Math.pow((x[i] + y[i]) / 2, 2);
        }
      }
      assertEquals(Math.sqrt(squares), norms.get(0), 1e-6);
      assertEquals((a.loss() + b.loss()) / 2, losses.get(0), 1e-6);
      assertEquals(Set.of("out"), a.others().keySet());
    }
  }

  private static Trainables trainables() {
    return Trainables.of(
        TinyTraining.TRAINED.stream()
            .collect(Collectors.toMap(name -> name, TinyTraining.weights()::get)));
  }

  @Test
  void weightsReadInPlaceGiveTheSameTraining() throws IOException {
    TrainingResult expected = unbroken();
    var graph = TrainingGraph.inPlace(TinyTraining.network(), TinyTraining.TRAINED);
    try (TrainingRun run = TinyTraining.builder(graph).open(temp.resolve("in place"))) {
      assertSame(expected, run.train(TrainingListener.NONE));
    }
  }

  @Test
  void recomputationGivesTheSameTraining() throws IOException {
    TrainingResult expected = unbroken();
    TrainingGraph anew =
        TrainingGraph.of(
            TinyTraining.network(),
            TinyTraining.TRAINED,
            graph -> {
              assertTrue(graph.inputs().containsKey("first.weight"), graph::toString);
              return Recomputation.ofCheapOperators();
            });
    try (TrainingRun run = TinyTraining.builder(anew).open(temp.resolve("anew"))) {
      TrainingResult result = run.train(TrainingListener.NONE);
      for (String name : TinyTraining.TRAINED) {
        float[] wanted = expected.weights().get(name).floats();
        float[] found = result.weights().get(name).floats();
        for (int i = 0; i < wanted.length; i++) {
          assertEquals(wanted[i], found[i], 1e-4, name);
        }
      }
    }
  }

  @Test
  void onlyDirectWeightsOfTheGraphAreEditedInPlace() {
    Graph network = TinyTraining.network();
    Weights weights = TinyTraining.weights();
    SessionSettings settings = SessionSettings.defaults();
    refused(
        "no weight third to edit",
        () ->
            Session.open(
                    network, weights::get, Device.cpu(1), settings.editedWeights(Set.of("third")))
                .close());
    refused(
        "cannot be edited",
        () ->
            Session.open(
                    network,
                    weights::get,
                    Device.cpu(1),
                    settings.editedWeights(Set.of("first.weight")))
                .close());
  }

  @Test
  void gradientsDoNotFlowThroughADetachedValue() {
    Value w = Value.parameter("w", DType.FLOAT32, Shape.of(2));
    Value scaled = w.mul(3f);
    Graph network = Graph.of("detached", "loss", Losses.mean(scaled.detached().mul(w)));
    var start = Trainables.of(Map.of("w", Tensor.of(Shape.of(2), 1f, 2f)));
    try (TrainingSession session =
        TrainingSession.open(
            TrainingGraph.of(network, Set.of("w")),
            start,
            TinyTraining.weights()::get,
            Device.cpu(1))) {
      TrainingSession.Result result = session.run(Map.of(), 1, new Cancellation());
      assertEquals(7.5f, result.loss());
      assertArrayEquals(
          new float[] {1.5f, 3}, requireNonNull(result.gradients().get("w")).floats());
    }
  }

  @Test
  void halfPrecisionFollowsFloat32() throws IOException {
    var losses = new ArrayList<Float>();
    unbrokenLosses(TinyTraining.builder(), "float", losses);
    var half = new ArrayList<Float>();
    TrainingRunBuilder builder =
        TinyTraining.builder(TinyTraining.graph().toHalfPrecision())
            .lossScaling(LossScaling.DEFAULTS);
    unbrokenLosses(builder, "half", half);
    float rounding = 0;
    for (int i = 0; i < 40; i++) {
      assertEquals(losses.get(i), half.get(i), 5e-3 * losses.get(i), "step " + i);
      rounding = Math.max(rounding, Math.abs(losses.get(i) - half.get(i)));
    }
    // Of the trained weights, which are float32, the processor's kernels round nothing.
    assertTrue(rounding > 0, "the frozen weights were rounded");
  }

  @Test
  void aScaleThatOverflowsIsHalvedAndItsStepsLeftOut() throws IOException {
    // Half precision is computed in float32 on the CPU, whose range ends at 2^128.
    TrainingRunBuilder builder = TinyTraining.builder().lossScaling(new LossScaling(0x1p131, 8));
    Path folder = temp.resolve("scaled");
    var losses = new ArrayList<Float>();
    try (TrainingRun run = builder.open(folder)) {
      run.train(TrainingListener.every(3, TrainingStep::cancel));
    }
    unbrokenLosses(builder, "scaled", losses);
    List<String> rows = rows(folder);
    for (int i = 1; i <= 4; i++) {
      assertTrue(rows.get(i).matches(".*(Infinity|NaN)"), rows.get(i));
    }
    long skipped = rows.stream().filter(row -> row.matches(".*(Infinity|NaN)")).count();
    assertTrue(skipped < 12, () -> skipped + " of 40 steps");
    assertTrue(losses.get(losses.size() - 1) < 0.95 * losses.get(0), losses::toString);
    var once = new ArrayList<Float>();
    unbrokenLosses(builder, "once", once);
    assertEquals(rows(temp.resolve("once")), rows);
  }

  @Test
  void gradientsThatAreNotFiniteAtScaleOneStopTheRun() throws IOException {
    Value x = Value.input("x", DType.FLOAT32, Dims.of(2));
    Value w = Value.parameter("w", DType.FLOAT32, Shape.of(2));
    Graph root = Graph.of("root", "loss", Losses.mean(w.mul(w).mul(x).sqrt()));
    Weights zero = Weights.of(Map.of("w", Tensor.zeros(Shape.of(2))));
    Map<String, Tensor> batch = Map.of("x", Tensor.of(Shape.of(2), 1f, 1f));
    TrainingRunBuilder builder =
        TrainingRun.builder(TrainingGraph.of(root, Set.of("w")), zero, (i, random) -> batch)
            .steps(4);
    try (TrainingRun run = builder.open(temp.resolve("root"))) {
      var e = assertThrows(TrainingDivergedException.class, () -> run.train(TrainingListener.NONE));
      assertTrue(String.valueOf(e.getMessage()).contains("of step 1"), e::toString);
    }
  }

  private void unbrokenLosses(TrainingRunBuilder builder, String name, List<Float> losses)
      throws IOException {
    try (TrainingRun run = builder.open(temp.resolve(name))) {
      run.train(step -> losses.add(step.loss()));
    }
  }

  @Test
  void whatDoesNotFitIsNamed() {
    Graph network = TinyTraining.network();
    refused("no parameter nothing", () -> TrainingGraph.of(network, Set.of("nothing")));
    refused("nothing is to be trained", () -> TrainingGraph.of(network, Set.of()));
    Value x = Value.input("x", DType.FLOAT32, Dims.parse("batch", 6));
    Value w = Value.parameter("w", DType.FLOAT32, Shape.of(1, 6));
    Value y = x.linear(w, null);
    refused("no output loss", () -> TrainingGraph.of(Graph.of("g", "y", y), Set.of("w")));
    refused("one number", () -> TrainingGraph.of(Graph.of("g", "loss", y), Set.of("w")));
    Graph unbound = Graph.of("g", "loss", Losses.mean(y));
    refused("bound to known sizes", () -> TrainingGraph.of(unbound, Set.of("w")));
    TrainingRunBuilder builder = TinyTraining.builder();
    refused("steps", () -> builder.steps(0));
    refused("clip", () -> builder.clip(0));
    refused("accumulate", () -> builder.accumulate(0));
    refused("saveEvery", () -> builder.saveEvery(0));
    assertThrows(
        IllegalStateException.class,
        () ->
            TrainingRun.builder(TinyTraining.graph(), TinyTraining.weights(), TinyTraining::batch)
                .open(temp));
    refused(
        "no weight for the parameter scale",
        () ->
            open(
                TrainingRun.builder(
                        TinyTraining.graph(), TinyTraining.weights(), TinyTraining::batch)
                    .steps(1)));
  }

  private void open(TrainingRunBuilder builder) {
    try {
      builder.open(temp).close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void refused(String word, Runnable call) {
    var e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(String.valueOf(e.getMessage()).contains(word), e::toString);
  }
}
