package dev.palimpsest.testkit;

import dev.palimpsest.GenerationRequest;
import dev.palimpsest.checkpoint.WeightLayer;
import dev.palimpsest.checkpoint.Weights;
import dev.palimpsest.scheduler.NoiseSchedule;
import dev.palimpsest.scheduler.PredictionType;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Arbitrary values of the library for jqwik properties; all are small, so that tries are quick. */
public final class DiffusionArbitraries {
  private DiffusionArbitraries() {}

  /**
   * Noise schedules as models are trained with: linear, scaled linear and sigmoid of 100 to 1000
   * timesteps, whose last timestep still holds a little of the sample. Map them by {@link
   * NoiseSchedule#zeroTerminalSnr()} for those that do not.
   */
  public static Arbitrary<NoiseSchedule> noiseSchedules() {
    return Combinators.combine(
            Arbitraries.of("linear", "scaled_linear", "sigmoid"),
            Arbitraries.integers().between(100, 1000),
            Arbitraries.doubles().between(5e-4, 2e-3).ofScale(5),
            Arbitraries.doubles().between(8e-3, 1.3e-2).ofScale(5))
        .as(NoiseSchedule::named);
  }

  /**
   * Plans of 1 to 30 steps, or of as many explicit timesteps, from the first step or a later one.
   *
   * @param types of which one is taken; all but that of flows if none is given
   */
  public static Arbitrary<SchedulePlan> plans(PredictionType... types) {
    List<PredictionType> possible =
        types.length > 0
            ? List.of(types)
            : List.of(PredictionType.EPSILON, PredictionType.V_PREDICTION, PredictionType.SAMPLE);
    return Combinators.combine(
            noiseSchedules(),
            Arbitraries.of(possible),
            Arbitraries.integers().between(1, 30),
            Arbitraries.integers().between(0, 29),
            Arbitraries.of(true, false))
        .as(
            (schedule, type, steps, start, explicit) -> {
              SchedulePlan plan =
                  explicit
                      ? SchedulePlan.timesteps(schedule, type, falling(schedule, steps))
                      : SchedulePlan.steps(schedule, type, steps);
              return plan.startStep(start % steps);
            });
  }

  /** Standard normal latents of one or two pictures, 1 to 4 channels, 1 to 4 pixels a side. */
  public static Arbitrary<Tensor> latents() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 2),
            Arbitraries.integers().between(1, 4),
            Arbitraries.integers().between(1, 4),
            Arbitraries.integers().between(1, 4))
        .as((batch, channels, height, width) -> Shape.of(batch, channels, height, width))
        .flatMap(DiffusionArbitraries::latents);
  }

  /** Standard normal float32 tensors of a shape, as torch draws them with some seed. */
  public static Arbitrary<Tensor> latents(Shape shape) {
    return Arbitraries.longs().map(seed -> NoiseSource.torch(seed).gaussian(shape));
  }

  /**
   * Requests for text-to-image pictures: prompts of up to 30 characters of any script, with a
   * negative prompt or without, sides of 8 to 64 pixels that 8 divides, 1 to 6 steps, one or two
   * seeds.
   */
  public static Arbitrary<GenerationRequest> generationRequests() {
    Arbitrary<Integer> sides = Arbitraries.integers().between(1, 8).map(n -> 8 * n);
    return Combinators.combine(
            prompts(),
            prompts().optional(),
            sides,
            sides,
            Arbitraries.integers().between(1, 6),
            Arbitraries.doubles().between(0, 15).ofScale(1),
            Arbitraries.longs().array(long[].class).ofMinSize(1).ofMaxSize(2))
        .as(
            (prompt, negative, width, height, steps, scale, seeds) -> {
              GenerationRequest request =
                  GenerationRequest.of(prompt)
                      .size(width, height)
                      .steps(steps)
                      .guidanceScale(scale)
                      .seeds(seeds);
              return negative.map(request::negativePrompt).orElse(request);
            });
  }

  private static Arbitrary<String> prompts() {
    return Arbitraries.strings().ofMaxLength(30);
  }

  /**
   * Layers that replace some tensors of {@code weights}, at least one, by normal ones of the same
   * shape.
   *
   * @param component the component that the weights belong to, such as {@code "unet"}
   */
  public static Arbitrary<WeightLayer> weightLayers(String component, Weights weights) {
    Arbitrary<Set<String>> names =
        Arbitraries.of(new ArrayList<>(weights.names())).set().ofMinSize(1).ofMaxSize(5);
    Arbitrary<String> layers =
        Arbitraries.strings().withCharRange('a', 'z').ofMinLength(1).ofMaxLength(8);
    return Combinators.combine(layers, names, Arbitraries.longs())
        .as(
            (layer, replaced, seed) -> {
              NoiseSource noise = NoiseSource.torch(seed);
              var tensors = new TreeMap<String, Tensor>();
              replaced.forEach(name -> tensors.put(name, noise.gaussian(weights.shape(name))));
              return WeightLayer.replacing(layer, component, tensors);
            });
  }

  /** Whole timesteps that fall evenly from the last to 0. */
  private static double[] falling(NoiseSchedule schedule, int count) {
    double[] timesteps = new double[count];
    for (int i = 0; i < count; i++) {
      timesteps[i] = (schedule.timesteps() - 1) * (count - 1 - i) / Math.max(1, count - 1);
    }
    return timesteps;
  }
}
