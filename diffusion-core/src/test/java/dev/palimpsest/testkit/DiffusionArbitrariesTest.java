package dev.palimpsest.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.TestModels;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.DType;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class DiffusionArbitrariesTest {
  private static final Weights WEIGHTS =
      Weights.of(
          Map.of(
              "conv.weight", Tensor.zeros(Shape.of(2, 3, 1, 1)),
              "conv.bias", Tensor.zeros(Shape.of(2))));

  @Provide
  Arbitrary<NoiseSchedule> schedules() {
    return DiffusionArbitraries.noiseSchedules();
  }

  @Provide
  Arbitrary<SchedulePlan> plans() {
    return DiffusionArbitraries.plans();
  }

  @Provide
  Arbitrary<SchedulePlan> flowPlans() {
    return DiffusionArbitraries.plans(PredictionType.FLOW_PREDICTION);
  }

  @Provide
  Arbitrary<Tensor> latents() {
    return DiffusionArbitraries.latents();
  }

  @Provide
  Arbitrary<GenerationRequest> requests() {
    return DiffusionArbitraries.generationRequests();
  }

  @Provide
  Arbitrary<WeightLayer> layers() {
    return DiffusionArbitraries.weightLayers("unet", WEIGHTS);
  }

  @Property
  void schedulesFallFromNearlyCleanToNearlyNoise(@ForAll("schedules") NoiseSchedule schedule) {
    float[] alphaBars = schedule.alphasCumprod();
    for (int t = 1; t < alphaBars.length; t++) {
      assertTrue(alphaBars[t] < alphaBars[t - 1]);
    }
    assertTrue(alphaBars[0] > 0.98, () -> schedule + " begins at " + alphaBars[0]);
    assertTrue(alphaBars[alphaBars.length - 1] > 0);
  }

  @Property
  void plansCanBeRun(@ForAll("plans") SchedulePlan plan) {
    assertEquals(plan.steps() - plan.startStep(), Schedulers.ddim().begin(plan).steps());
  }

  @Property(tries = 10)
  void plansHaveTheTypeThatIsAskedFor(@ForAll("flowPlans") SchedulePlan plan) {
    assertSame(PredictionType.FLOW_PREDICTION, plan.predictionType());
  }

  @Property
  void latentsAreFinite(@ForAll("latents") Tensor latents) {
    assertSame(DType.FLOAT32, latents.dtype());
    assertEquals(4, latents.shape().rank());
    for (float value : latents.floats()) {
      assertTrue(Math.abs(value) < 10);
    }
  }

  @Property(tries = 5)
  void requestsAreServed(@ForAll("requests") GenerationRequest request) throws Exception {
    try (var pipeline = TestModels.tiny(7).open()) {
      assertEquals(request.seeds().size(), pipeline.generate(request).images().size());
    }
  }

  @Property
  void layersReplaceTensorsByOthersOfTheirShape(@ForAll("layers") WeightLayer layer) {
    Weights layered = WEIGHTS.with(layer);
    assertTrue(!layer.replacements().isEmpty());
    layer
        .replacements()
        .forEach(
            (name, tensor) -> {
              assertEquals(WEIGHTS.shape(name), tensor.shape());
              assertSame(tensor, layered.get(name));
            });
  }
}
