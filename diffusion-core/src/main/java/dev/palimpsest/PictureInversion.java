package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.image.Pictures;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.DenoisingFunction;
import dev.palimpsest.scheduler.SchedulerRun;
import dev.palimpsest.scheduler.Schedulers;
import dev.palimpsest.tensor.Tensor;

/** Brings pictures back to the noise that leads to them: DDIM run backwards. */
final class PictureInversion {
  private PictureInversion() {}

  /** Refuses what has no meaning backwards. */
  static void check(GenerationRequest request) {
    checkArgument(request.image().isPresent(), "there is no picture to invert; set image");
    checkArgument(request.mask().isEmpty(), "a picture is inverted as a whole; leave out the mask");
    checkArgument(request.strength().isEmpty(), "inversion makes all steps; leave out strength");
    checkArgument(
        request.timesteps().isEmpty(), "inversion takes a number of steps; leave out timesteps");
    checkArgument(
        request.edits().isEmpty() && !request.hasSource(),
        "inversion takes no attention edits and no source; they are for what follows it");
    checkArgument(
        request.images() == 1, "one picture is inverted at a time, not %s", request.images());
  }

  static Inversion of(ModelParts whole, ResolvedRequest request, DenoisingLoop loop) {
    ModelParts model = whole.tiledFor(request.request());
    Cancellation cancellation = loop.cancellation();
    EncodedPrompts prompts = model.encode(request, cancellation);
    Tensor pixels = InitialStates.pixels(request);
    Tensor encoded = InitialStates.encoded(model, pixels, cancellation);
    var start = new InitialState(encoded, null, null);
    SchedulerRun solver = Schedulers.ddimInverse().begin(model.plan(request.steps()));
    Tensor latents;
    try (RequestEdits edits = RequestEdits.open(model, request, prompts, cancellation)) {
      DenoisingFunction network = edits.network(request.guidance(model), start, cancellation);
      latents = loop.run(solver, network, start, request.noise(), edits).x();
    }
    GenerationRequest again =
        request
            .request()
            .startingFrom(latents, request.width(), request.height())
            .scheduler(Schedulers.ddim());
    return new Inversion(Pictures.toUnit(pixels), encoded, latents, again, prompts.warnings());
  }
}
