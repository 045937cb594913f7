package dev.palimpsest;

import dev.palimpsest.scheduler.Evaluation;
import dev.palimpsest.scheduler.Step;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.List;

/**
 * The rows of source pictures in a solver's state: behind those of the request, from the same start
 * and with the same noise. Immutable.
 *
 * @param images pictures of the request
 * @param isPresent whether there are sources
 */
record SourceState(int images, boolean isPresent) {

  InitialState with(InitialState start) {
    if (!isPresent) {
      return start;
    }
    InitialState.Blend blend = start.blend();
    Tensor channels = start.extraChannels();
    return new InitialState(
        twice(start.x()),
        channels == null ? null : twice(channels),
        blend == null
            ? null
            : new InitialState.Blend(
                twice(blend.original()), twice(blend.noise()), twice(blend.mask())));
  }

  NoiseSource with(NoiseSource noise) {
    return isPresent ? shape -> twice(noise.gaussian(shape.withDim(0, shape.dim(0) / 2))) : noise;
  }

  /** The step as the request's own pictures make it. */
  Step without(Step step) {
    if (!isPresent) {
      return step;
    }
    List<Evaluation> evaluations =
        step.evaluations().stream()
            .map(each -> new Evaluation(own(each.x()), each.timestep(), own(each.denoised())))
            .toList();
    return new Step(own(step.x()), own(step.denoised()), evaluations);
  }

  private Tensor own(Tensor state) {
    return state.rows(0, images);
  }

  private static Tensor twice(Tensor rows) {
    return Tensor.concat(List.of(rows, rows));
  }
}
