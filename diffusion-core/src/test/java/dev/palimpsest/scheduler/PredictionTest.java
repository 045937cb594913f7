package dev.palimpsest.scheduler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a prediction says is the same in every form and space. */
class PredictionTest {
  private static final Shape SHAPE = Shape.of(1, 2, 3, 3);
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012);
  private static final float[] CLEAN = NoiseSource.torch(1).gaussian(SHAPE).floats();
  private static final float[] NOISE = NoiseSource.torch(2).gaussian(SHAPE).floats();

  @ParameterizedTest
  @EnumSource(names = {"EPSILON", "V_PREDICTION", "SAMPLE"})
  void sampleAndNoiseOfOnePrediction(PredictionType type) {
    double[] timesteps = {700};
    float sigma = SCHEDULE.sigma(700);
    for (NoiseLevels levels :
        List.of(
            NoiseLevels.of(SCHEDULE, timesteps),
            NoiseLevels.exploding(timesteps, new float[] {sigma, 0}, false),
            NoiseLevels.preserving(timesteps, new float[] {sigma, 0}))) {
      float[] x = Linear.combine(levels.alpha(0), CLEAN, levels.sigma(0), NOISE);
      Prediction p = predicted(type, levels, x);
      assertArrayEquals(CLEAN, p.denoised(), 2e-5f, levels.getClass().getName());
      assertArrayEquals(NOISE, p.epsilon(), 1e-5f, levels.getClass().getName());
      assertArrayEquals(NOISE, p.epsilonOfDenoised(), 1e-5f, levels.getClass().getName());
    }
  }

  @Test
  void flow() {
    NoiseLevels levels = NoiseLevels.flow(new double[] {600}, new float[] {0.6f, 0});
    float[] x = Linear.combine(0.4f, CLEAN, 0.6f, NOISE);
    Prediction p = predicted(PredictionType.FLOW_PREDICTION, levels, x);
    assertArrayEquals(CLEAN, p.denoised(), 1e-5f);
    assertArrayEquals(NOISE, p.epsilon(), 1e-5f);
  }

  private static Prediction predicted(PredictionType type, NoiseLevels levels, float[] x) {
    float alpha = (float) Math.sqrt(SCHEDULE.alphaCumprod(700));
    float sigma = (float) Math.sqrt(1 - SCHEDULE.alphaCumprod(700));
    float[] output =
        switch (type) {
          case EPSILON -> NOISE;
          case SAMPLE -> CLEAN;
          case V_PREDICTION -> Linear.combine(alpha, NOISE, -sigma, CLEAN);
          case FLOW_PREDICTION -> Linear.combine(1, NOISE, -1, CLEAN);
        };
    SchedulePlan plan = SchedulePlan.timesteps(SCHEDULE, type, levels.timestep(0));
    var at =
        new Evaluator(
            plan, levels, SHAPE, (in, t) -> Tensor.of(SHAPE, output), NoiseSource.torch(0));
    return at.predict(0, x);
  }
}
