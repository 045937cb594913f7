package dev.palimpsest.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.checkpoint.Safetensors;
import dev.palimpsest.errors.TrainingDivergedException;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against torch 2.15.0 and diffusers 0.42.1; golden/training/optimizers.py made the numbers. */
class OptimizerTest {
  private static final Safetensors GOLDEN = Numbers.golden("optimizers");

  /** A last place or two of float32, which accumulate over the steps. */
  private static final double TOLERANCE = 4e-7;

  private static Optimizer named(String name) {
    return switch (name) {
      case "adamw" -> AdamW.defaults();
      case "adamw_options" -> AdamW.defaults().betas(0.8, 0.95).epsilon(1e-4).weightDecay(0.3);
      case "adam" -> AdamW.defaults().weightDecay(0);
      case "sgd" -> Sgd.momentum(0);
      case "sgd_momentum" -> new Sgd(0.9, 0.01);
      default -> throw new AssertionError(name);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "adamw_options", "adam", "sgd", "sgd_momentum"})
  void weightsAreTorchs(String name) {
    Tensor gradients = GOLDEN.tensor(name + "/gradient");
    var weights = Trainables.of(Map.of("w", GOLDEN.tensor(name + "/start")));
    var learner = new Learner(weights, named(name), Optional.empty(), weight -> 1);
    for (int i = 0; i < gradients.shape().dim(0); i++) {
      double rate = name.equals("adamw_options") ? 3e-2 : 1e-2;
      learner.step(Map.of("w", gradients.rows(i, i + 1).floats()), 1, i + 1, rate);
      float[] expected = GOLDEN.tensor(name + "/weights").rows(i, i + 1).floats();
      Numbers.assertClose(expected, weights.tensor("w").floats(), TOLERANCE, name + " " + i);
    }
  }

  @Test
  void clippingIsTorchs() {
    float[] first = GOLDEN.tensor("clip/before/0").floats();
    float[] second = GOLDEN.tensor("clip/before/1").floats();
    var gradients = Map.of("a", first, "b", second);
    var weights =
        Trainables.of(Map.of("a", Tensor.zeros(Shape.of(40, 30)), "b", Tensor.zeros(Shape.of(77))));
    var learner = new Learner(weights, Sgd.momentum(0), Optional.empty(), weight -> 1);
    double norm = learner.norm(gradients);
    assertEquals(GOLDEN.tensor("clip/norm").floats()[0], norm, 1e-5);
    learner.step(gradients, Clipping.factor(1.5, norm), 1, -1);
    for (int i = 0; i < 2; i++) {
      float[] expected = GOLDEN.tensor("clip/after/" + i).floats();
      float[] actual = weights.tensor(i == 0 ? "a" : "b").floats();
      Numbers.assertClose(expected, actual, TOLERANCE, "clipped " + i);
    }
    assertEquals(1, Clipping.factor(1.5, 1.4));
  }

  @Test
  void ratesAreDiffusers() {
    check("constant", LearningRate.constant(2e-3).warmup(5));
    check("constant_plain", LearningRate.constant(2e-3));
    check("cosine", LearningRate.cosine(2e-3, 30).warmup(4));
    check("cosine_plain", LearningRate.cosine(2e-3, 30));
    check("linear", LearningRate.linear(2e-3, 25).warmup(3));
  }

  private static void check(String name, LearningRate rate) {
    double[] expected = GOLDEN.tensor("rates/" + name).doubles();
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], rate.at(i), 1e-18, name + " at " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "late", "warmup"})
  void averagesAreDiffusers(String name) {
    Ema ema =
        switch (name) {
          case "plain" -> Ema.of(0.5);
          case "late" -> Ema.of(0.999).after(4);
          default -> Ema.of(0.9).power(0.75);
        };
    Tensor weights = GOLDEN.tensor("ema/" + name + "/weights");
    double[] decays = GOLDEN.tensor("ema/" + name + "/decays").doubles();
    float[] average = new float[11];
    for (int i = 0; i < decays.length; i++) {
      assertEquals(decays[i], ema.decayAt(i + 1), 1e-15, name + " " + i);
      Ema.average(average, weights.rows(i, i + 1).floats(), ema.decayAt(i + 1), 11);
      float[] expected = GOLDEN.tensor("ema/" + name + "/averages").rows(i, i + 1).floats();
      Numbers.assertClose(expected, average, TOLERANCE, name + " " + i);
    }
  }

  @Test
  void slicesDoNotMatter() {
    var random = SeededStream.of(3, "gradients");
    int count = (1 << 18) + 12_345;
    Tensor start = random.gaussian(Shape.of(count));
    Tensor gradient = random.gaussian(Shape.of(count));
    var weights = Trainables.of(Map.of("w", start));
    var learner = new Learner(weights, AdamW.defaults(), Optional.of(Ema.of(0.9)), weight -> 1);
    learner.step(Map.of("w", gradient.floats()), 0.5, 1, 0.1);
    learner.step(Map.of("w", gradient.floats()), 0.5, 2, 0.1);
    float[] alone = start.floats().clone();
    float[] halves = gradient.floats().clone();
    for (int i = 0; i < count; i++) {
      halves[i] *= 0.5f;
    }
    float[][] moments = new float[2][count];
    AdamW.defaults().rule(1, 0.1).apply(alone, halves, moments, count);
    AdamW.defaults().rule(2, 0.1).apply(alone, halves, moments, count);
    assertArrayEquals(alone, weights.tensor("w").floats());
    assertArrayEquals(moments[1], requireNonNull(learner.state().get("exp_avg_sq/w")).floats());
  }

  @Test
  void weightsThatDoNotMoveAreAnError() {
    var weights = Trainables.of(Map.of("w", Tensor.of(Shape.of(2), 1e8f, 1e8f)));
    var learner = new Learner(weights, Sgd.momentum(0), Optional.empty(), weight -> 1);
    var gradients = Map.of("w", new float[] {1, 1});
    var e =
        assertThrows(TrainingDivergedException.class, () -> learner.step(gradients, 1, 1, 1e-3));
    assertTrue(String.valueOf(e.getMessage()).contains("step 1 moved no weight"), e::toString);
    learner.step(gradients, 1, 2, 0);
    learner.step(Map.of("w", new float[2]), 1, 3, 1e-3);
  }

  @Test
  void aMissingGradientIsNamed() {
    var weights = Trainables.of(Map.of("w", Tensor.zeros(Shape.of(2))));
    var learner = new Learner(weights, Sgd.momentum(0), Optional.empty(), weight -> 1);
    var e = assertThrows(IllegalArgumentException.class, () -> learner.step(Map.of(), 1, 1, 1e-3));
    assertEquals("no gradient of w", e.getMessage());
  }

  @Test
  void settingsOutOfRangeAreNamed() {
    AdamW adam = AdamW.defaults();
    refused("beta1", () -> adam.betas(1, 0.9));
    refused("beta2", () -> adam.betas(0.9, -0.1));
    refused("epsilon", () -> adam.epsilon(0));
    refused("weightDecay", () -> adam.weightDecay(-1));
    refused("steps count from 1", () -> adam.rule(0, 1e-3));
    refused("momentum", () -> Sgd.momentum(1));
    refused("weightDecay", () -> new Sgd(0, -1));
    refused("decay", () -> Ema.of(1));
    refused("after", () -> Ema.of(0.9).after(-1));
    refused("power", () -> Ema.of(0.9).power(-1));
    refused("rate", () -> LearningRate.constant(-1));
    refused("rate", () -> LearningRate.constant(Double.NaN));
    refused("warmup", () -> LearningRate.constant(1).warmup(-1));
    refused("COSINE", () -> LearningRate.cosine(1, 0));
    refused("initial", () -> new LossScaling(0, 1));
    refused("interval", () -> new LossScaling(1, 0));
    refused("nothing", () -> Trainables.of(Map.of()));
    refused("not floating", () -> Trainables.of(Map.of("n", Tensor.of(Shape.of(1), 1L))));
    refused("no trainable x", () -> Trainables.of(Map.of("n", Tensor.scalar(1f))).tensor("x"));
  }

  private static void refused(String word, Runnable call) {
    var e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(String.valueOf(e.getMessage()).contains(word), e::toString);
  }

  @Test
  void eachWeightFollowsItsOwnRate() {
    Trainables weights =
        Trainables.of(
            Map.of(
                "slow", Tensor.of(Shape.of(1), new float[] {1}),
                "fast", Tensor.of(Shape.of(1), new float[] {1})));
    var learner =
        new Learner(
            weights, Sgd.momentum(0), Optional.empty(), name -> name.equals("fast") ? 4 : 1);
    learner.step(Map.of("slow", new float[] {1}, "fast", new float[] {1}), 1, 1, 0.125);
    assertEquals(0.875f, weights.tensor("slow").floats()[0]);
    assertEquals(0.5f, weights.tensor("fast").floats()[0]);
  }
}
