package dev.palimpsest;

import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.Step;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/**
 * Runs solvers to their end, tells of each step and stops when cancelled. One request, one thread.
 *
 * @param preview renders latents for listeners that ask
 */
record DenoisingLoop(
    GenerationListener listener, Supplier<LatentPreview> preview, Cancellation cancellation) {

  /**
   * The last step made, of the request's own pictures.
   *
   * @param noise what the solver draws from
   * @param edits of the network; told which step it is in
   */
  Step run(
      SchedulerRun solver,
      DenoisingFunction network,
      InitialState start,
      NoiseSource noise,
      RequestEdits edits) {
    Tensor x = start.x();
    Step last = edits.sources().without(new Step(x, x, List.of()));
    for (int i = 0; i < solver.steps(); i++) {
      cancellation.throwIfCancelled();
      edits.begin(i, solver.steps());
      Step step = solver.step(i, x, network, noise);
      x = start.blend() == null ? step.x() : start.blend().apply(solver, step.x(), i + 1);
      last = edits.sources().without(new Step(x, step.denoised(), step.evaluations()));
      listener.onStep(
          new GenerationStep(
              i + 1,
              solver.steps(),
              solver.timestep(i),
              last,
              latents -> preview.get().render(latents),
              cancellation,
              edits.mapsOfStep()));
    }
    cancellation.throwIfCancelled();
    return last;
  }
}
