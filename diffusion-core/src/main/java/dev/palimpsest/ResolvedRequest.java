package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A request checked against a model, with the model's defaults filled in. */
record ResolvedRequest(
    GenerationRequest request,
    int width,
    int height,
    int steps,
    double guidanceScale,
    double strength,
    List<OptionalLong> seeds) {

  static ResolvedRequest of(GenerationRequest request, ModelParts model) {
    ModelFamily family = model.family();
    checkText(request, family);
    model.adapters().check(request);
    checkPictures(request, model);
    checkLarge(request, model);
    int factor = model.decoder().scaleFactor();
    int width = request.width().orElseGet(() -> side(request, model, true));
    int height = request.height().orElseGet(() -> side(request, model, false));
    checkArgument(
        width % factor == 0 && height % factor == 0,
        "size %sx%s does not divide by %s; try %sx%s",
        width,
        height,
        factor,
        nearest(width, factor),
        nearest(height, factor));
    var resolved =
        new ResolvedRequest(
            request,
            width,
            height,
            request.steps().orElse(family.steps()),
            request.guidanceScale().orElse(family.guidanceScale()),
            request.image().isEmpty()
                ? Double.NaN
                : request.strength().orElse(request.mask().isPresent() ? 1 : family.strength()),
            seeds(request));
    Shape latents = resolved.latentShape(model);
    Tensor given = request.latents().orElse(null);
    checkArgument(
        given == null || given.shape().equals(latents),
        "latents of shape %s do not fit; expected %s",
        given == null ? null : given.shape(),
        latents);
    return resolved;
  }

  private static void checkText(GenerationRequest request, ModelFamily family) {
    if (family.hasPrompts()) {
      checkArgument(
          request.prompt().isPresent(), "this model needs a prompt; use GenerationRequest.of");
      checkArgument(request.classLabel().isEmpty(), "this model takes a prompt, not a class label");
    }
    if (family != ModelFamily.STABLE_DIFFUSION_XL) {
      checkArgument(
          request.prompt2().isEmpty() && request.negativePrompt2().isEmpty(),
          "prompt2 and negativePrompt2 are for models with two text encoders");
      checkArgument(
          request.sizes().isEmpty() && request.negativeSizes().isEmpty(),
          "sizes and negativeSizes are for SDXL");
    }
  }

  private static void checkPictures(GenerationRequest request, ModelParts model) {
    if (request.image().isPresent()) {
      checkArgument(model.encodes(), "this model has no encoder for a picture to start from");
      checkArgument(
          request.latents().isEmpty() || request.mask().isPresent(),
          "an image and latents to start from exclude each other");
    } else {
      checkArgument(request.mask().isEmpty(), "a mask needs an image");
      checkArgument(request.strength().isEmpty(), "strength needs an image");
    }
    checkArgument(
        !model.takesMask() || request.mask().isPresent(),
        "this inpainting model needs an image and a mask");
  }

  private static void checkLarge(GenerationRequest request, ModelParts model) {
    int factor = model.decoder().scaleFactor();
    request.windows().ifPresent(windows -> windows.inLatents(factor));
    checkArgument(
        request.regions().isEmpty() || model.family().hasPrompts(),
        "this model takes no prompts, so regions can have none");
    Hires hires = request.hires().orElse(null);
    if (hires != null) {
      checkArgument(
          request.image().isEmpty() && request.latents().isEmpty(),
          "hires begins with a small picture of its own; leave out image and latents");
      checkArgument(
          hires.width() % factor == 0 && hires.height() % factor == 0,
          "the first pass's size %sx%s does not divide by %s",
          hires.width(),
          hires.height(),
          factor);
      checkArgument(
          hires.space() == Hires.Space.LATENTS || model.encodes(),
          "hires in pixels needs an encoder, which this model lacks; use Hires.latents");
    }
  }

  /** Of the picture to start from, brought down to what the model takes, or the native one. */
  private static int side(GenerationRequest request, ModelParts model, boolean width) {
    int factor = model.decoder().scaleFactor();
    boolean imageToImage = request.image().isPresent() && request.mask().isEmpty();
    return imageToImage
        ? request
            .image()
            .map(image -> width ? image.getWidth() : image.getHeight())
            .map(pixels -> Math.max(factor, pixels - pixels % factor))
            .orElseThrow()
        : width ? model.nativeWidth() : model.nativeHeight();
  }

  private static int nearest(int pixels, int factor) {
    return Math.max(factor, Math.round((float) pixels / factor) * factor);
  }

  private static List<OptionalLong> seeds(GenerationRequest request) {
    var seeds = new ArrayList<OptionalLong>();
    for (int i = 0; i < request.images(); i++) {
      if (request.noise().isPresent()) {
        seeds.add(OptionalLong.empty());
      } else if (request.seeds().size() > 1) {
        seeds.add(OptionalLong.of(request.seeds().get(i)));
      } else if (request.seeds().size() == 1) {
        seeds.add(OptionalLong.of(request.seeds().get(0) + i));
      } else {
        // torch's generator keeps 32 bits of a seed
        seeds.add(OptionalLong.of(ThreadLocalRandom.current().nextLong(1L << 32)));
      }
    }
    checkArgument(
        request.seeds().size() <= 1 || request.seeds().size() == request.images(),
        "%s seeds for %s images",
        request.seeds().size(),
        request.images());
    return List.copyOf(seeds);
  }

  /** The same at another size: the first pass of two. */
  ResolvedRequest resized(int width, int height) {
    return new ResolvedRequest(request, width, height, steps, guidanceScale, strength, seeds);
  }

  /** The same as a second pass, which makes a part of the steps. */
  ResolvedRequest strength(double strength) {
    return new ResolvedRequest(request, width, height, steps, guidanceScale, strength, seeds);
  }

  int images() {
    return seeds.size();
  }

  boolean isInpainting() {
    return request.mask().isPresent();
  }

  PromptEncoder.Size size() {
    return new PromptEncoder.Size(width, height);
  }

  /** [images, channels, height, width] of the sample that is denoised. */
  Shape latentShape(ModelParts model) {
    int factor = model.decoder().scaleFactor();
    return Shape.of(images(), model.denoiser().channels(), height / factor, width / factor);
  }

  /** Null where predictions are not combined: by a scale of 1, or of a network that knows it. */
  @Nullable Guidance guidance(ModelParts model) {
    return guidanceScale > 1 && !model.embedsGuidance()
        ? new Guidance(guidanceScale, request.guidanceRescale())
        : null;
  }

  Scheduler scheduler(ModelParts model) {
    return request.scheduler().orElse(model.scheduler().scheduler());
  }

  SchedulePlan plan(ModelParts model) {
    SchedulePlan plan = request.timesteps().map(model::plan).orElseGet(() -> model.plan(steps));
    return Double.isNaN(strength) ? plan : plan.strength(strength);
  }

  NoiseSource noise() {
    @Nullable Supplier<NoiseSource> own = request.noise().orElse(null);
    if (own != null) {
      return own.get();
    }
    var sources = new ArrayList<NoiseSource>();
    for (OptionalLong seed : seeds) {
      sources.add(NoiseSource.torch(seed.orElseThrow()));
    }
    return NoiseSource.perImage(sources);
  }
}
