package dev.palimpsest;

import dev.palimpsest.attention.AttentionMaps;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.Ddpm;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.Step;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A finished denoising.
 *
 * @param end the last step
 * @param last the network at it, which a decoder of levels needs
 * @param warnings about the prompt
 * @param attention what edits captured
 */
record Sample(
    Step end,
    LastStep last,
    Scheduler scheduler,
    SchedulePlan plan,
    NoiseSource noise,
    List<String> warnings,
    List<AttentionMaps> attention) {

  /**
   * Text, noise, denoising.
   *
   * @param original latents to start from at the request's strength; null to start as it says
   */
  static Sample of(
      ModelParts model, ResolvedRequest request, @Nullable Tensor original, DenoisingLoop loop) {
    Cancellation cancellation = loop.cancellation();
    EncodedPrompts prompts = model.encode(request, cancellation);
    NoiseSource noise = request.noise();
    Scheduler scheduler = request.scheduler(model);
    SchedulePlan plan = request.plan(model);
    SchedulerRun solver = scheduler.begin(plan);
    var states = new InitialStates(model, request, solver, cancellation);
    InitialState start = original == null ? states.draw(noise) : states.from(original, noise);
    try (RequestEdits edits = RequestEdits.open(model, request, prompts, cancellation)) {
      InitialState all = edits.sources().with(start);
      var last = new LastStep(edits.network(request.guidance(model), all, cancellation));
      Step end = loop.run(solver, last, all, edits.sources().with(noise), edits);
      return new Sample(end, last, scheduler, plan, noise, prompts.warnings(), edits.mapsOfRun());
    }
  }

  /** float32 [images, 3 or 1, height, width], 0..1. */
  Tensor pixels(ModelParts model, PixelDecoder how, Cancellation cancellation) {
    return how == PixelDecoder.ROUNDED
        ? Pictures.toUnit(model.decoder().decode(end.x(), cancellation))
        : last.decode(how, (Ddpm) scheduler, plan, end.denoised(), noise);
  }
}
