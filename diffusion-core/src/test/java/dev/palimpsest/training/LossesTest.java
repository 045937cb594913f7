package dev.palimpsest.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.graph.Dims;
import dev.palimpsest.graph.Graph;
import dev.palimpsest.graph.Value;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.runtime.Device;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Against torch 2.15.0 and diffusers 0.42.1; golden/training/losses.py made the numbers. */
class LossesTest {
  private static final Safetensors GOLDEN = Numbers.golden("losses");
  private static final double TOLERANCE = 2e-6;

  /** The loss and its gradient by the prediction, against the stored ones. */
  private static void check(
      String name, Tensor prediction, UnaryOperator<Value> loss, Map<String, Tensor> inputs) {
    check(name, prediction, loss, inputs, TOLERANCE);
  }

  private static void check(
      String name,
      Tensor prediction,
      UnaryOperator<Value> loss,
      Map<String, Tensor> inputs,
      double tolerance) {
    Value x = Value.parameter("prediction", DType.FLOAT32, prediction.shape());
    Graph network = Graph.of(name, "loss", loss.apply(x.add(0f)));
    var trainables = Trainables.of(Map.of("prediction", prediction));
    Map<String, Tensor> needed = new HashMap<>(inputs);
    needed.keySet().retainAll(network.inputs().keySet());
    try (TrainingSession session =
        TrainingSession.open(
            TrainingGraph.of(network, Set.of("prediction")),
            trainables,
            other -> {
              throw new AssertionError(other);
            },
            Device.cpu(1))) {
      TrainingSession.Result result = session.run(needed, 1, new Cancellation());
      float expected = GOLDEN.tensor(name + "/loss").floats()[0];
      assertEquals(expected, result.loss(), tolerance * expected, name);
      Numbers.assertClose(
          GOLDEN.tensor(name + "/gradient").floats(),
          requireNonNull(result.gradients().get("prediction")).floats(),
          tolerance,
          name);
    }
  }

  private static int[] timesteps(String name) {
    return Arrays.stream(GOLDEN.tensor(name).longs()).mapToInt(t -> (int) t).toArray();
  }

  @ParameterizedTest
  @EnumSource(
      value = PredictionType.class,
      names = {"EPSILON", "V_PREDICTION", "SAMPLE"})
  void predictions(PredictionType type) {
    String name = type.name().toLowerCase(Locale.ROOT);
    NoiseSchedule schedule = NoiseSchedule.squaredCosine(1000);
    DiffusionLoss simple = DiffusionLoss.simple(schedule, type);
    Map<String, Tensor> inputs =
        simple.inputs(GOLDEN.tensor("original"), GOLDEN.tensor("noise"), timesteps("timesteps"));
    Numbers.assertClose(
        GOLDEN.tensor(name + "/noisy").floats(),
        requireNonNull(inputs.get("sample")).floats(),
        1e-6,
        name);
    check(name, GOLDEN.tensor("prediction"), simple::of, inputs);
    DiffusionLoss weighted = DiffusionLoss.minSnr(schedule, type, 5);
    inputs =
        weighted.inputs(GOLDEN.tensor("original"), GOLDEN.tensor("noise"), timesteps("timesteps"));
    // At t = 0 the signal-to-noise ratio is made of 1 less a float32 that is nearly 1.
    check(name + "_min_snr", GOLDEN.tensor("prediction"), weighted::of, inputs, 1e-5);
    DiffusionLoss rows = DiffusionLoss.weighted(schedule, type, 5);
    inputs = rows.inputs(GOLDEN.tensor("original"), GOLDEN.tensor("noise"), timesteps("timesteps"));
    check(name + "_min_snr", GOLDEN.tensor("prediction"), rows::of, inputs, 1e-5);
    rows = DiffusionLoss.weighted(schedule, type, 0);
    inputs = rows.inputs(GOLDEN.tensor("original"), GOLDEN.tensor("noise"), timesteps("timesteps"));
    check(name, GOLDEN.tensor("prediction"), rows::of, inputs);
    assertEquals(type, rows.prediction());
    assertEquals(type, simple.prediction());
    assertEquals(1, simple.channelFactor());
  }

  @Test
  void learnedVariance() {
    DiffusionLoss hybrid = DiffusionLoss.hybrid(NoiseSchedule.squaredCosine(400));
    Map<String, Tensor> inputs =
        hybrid.inputs(
            GOLDEN.tensor("original"), GOLDEN.tensor("noise"), timesteps("hybrid/timesteps"));
    check("hybrid", GOLDEN.tensor("hybrid/prediction"), hybrid::of, inputs, 1e-5);
    assertEquals(2, hybrid.channelFactor());
  }

  @Test
  void masked() {
    check(
        "masked",
        GOLDEN.tensor("prediction"),
        x ->
            Losses.masked(
                x,
                Value.input("noise", DType.FLOAT32, x.dims()),
                Value.input("mask", DType.FLOAT32, Dims.of(4, 1, 5, 5))),
        Map.of("noise", GOLDEN.tensor("noise"), "mask", GOLDEN.tensor("mask")));
  }

  @Test
  void crossEntropyOfLargeLogits() {
    check(
        "cross_entropy",
        GOLDEN.tensor("logits"),
        x -> Losses.crossEntropy(x, Value.input("targets", DType.FLOAT32, x.dims())),
        Map.of("targets", GOLDEN.tensor("targets")));
  }

  @Test
  void noiseOffsetShiftsWholeChannels() {
    Tensor pixels = SeededStream.of(1, "pixels").gaussian(Shape.of(2, 3, 4, 4));
    Tensor shifts = Tensor.of(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f);
    NoiseSource source = NoiseSource.replay(List.of(pixels, shifts));
    float[] noise = DiffusionTarget.noise(source, pixels.shape(), 0.1).floats();
    for (int i = 0; i < noise.length; i++) {
      assertEquals(pixels.floats()[i] + 0.1f * (1 + i / 16), noise[i], 1e-6);
    }
    NoiseSource plain = NoiseSource.replay(List.of(pixels));
    assertArrayEquals(pixels.floats(), DiffusionTarget.noise(plain, pixels.shape(), 0).floats());
  }

  @Test
  void whatDoesNotFitIsNamed() {
    NoiseSchedule schedule = NoiseSchedule.squaredCosine(10);
    refused(
        "FLOW_PREDICTION", () -> DiffusionLoss.simple(schedule, PredictionType.FLOW_PREDICTION));
    refused("gamma", () -> DiffusionLoss.minSnr(schedule, PredictionType.EPSILON, -1));
    refused("two timesteps", () -> DiffusionLoss.hybrid(NoiseSchedule.ofBetas(0.5f)));
    Value three = Value.input("x", DType.FLOAT32, Dims.of(1, 3, 2, 2));
    Value flat = Value.input("y", DType.FLOAT32, Dims.of(1, 3));
    refused("even number of channels", () -> DiffusionLoss.hybrid(schedule).of(three));
    refused("differ in shape", () -> Losses.meanSquaredError(three, flat));
    refused("[batch, classes]", () -> Losses.crossEntropy(three, three));
  }

  private static void refused(String word, Runnable call) {
    var e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(String.valueOf(e.getMessage()).contains(word), e::toString);
  }
}
