package dev.palimpsest.esd;

import dev.palimpsest.esd.FrozenBase.Evaluation;
import dev.palimpsest.esd.FrozenBase.Walk;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.training.SeededStream;
import java.util.Set;

/** Where the noisy states x_t come from at which the network is trained. */
@FunctionalInterface
interface StateSource {
  /**
   * What the frozen base says at a state of a denoising with the lesson's prompt.
   *
   * @param use how often the lesson was taught before
   * @param item rows of any lesson trained on before
   */
  Evaluation state(Lesson lesson, long use, long item, Cancellation cancellation);

  /** Denoises anew for each row, to a timestep drawn evenly, as the reference does. */
  static StateSource exact(FrozenBase base, long seed, StartDraws draws) {
    int evaluations = base.evaluations();
    return (lesson, use, item, cancellation) -> {
      var random = SeededStream.of(seed, "state of " + lesson.name(), use);
      StartDraws.Start start = draws.draw(item, base.latents(), evaluations, random);
      var walk = new Walk(Set.of(start.evaluation()), cancellation);
      return base.denoise(lesson, start.noise(), random, walk).values().iterator().next();
    };
  }
}
