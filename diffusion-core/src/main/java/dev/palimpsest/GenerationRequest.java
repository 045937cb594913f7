package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import com.google.common.primitives.Ints;
import com.google.common.primitives.Longs;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What to generate: a prompt and how. Each method returns another request; what is not said has the
 * default of diffusers' pipelines. Immutable, as long as the {@link #latents}, {@link #image} and
 * {@link #noise} that it is given are not changed.
 *
 * <pre>{@code
 * GenerationRequest.of("a lighthouse at dusk").negativePrompt("blurry").size(768, 512).seed(42)
 * }</pre>
 */
public final class GenerationRequest extends RequestedValues {
  private GenerationRequest(RequestFields fields) {
    super(fields);
  }

  private GenerationRequest with(Consumer<RequestFields> change) {
    RequestFields copy = fields.clone();
    change.accept(copy);
    return new GenerationRequest(copy);
  }

  /** A picture of what the prompt says. */
  public static GenerationRequest of(String prompt) {
    requireNonNull(prompt, "prompt");
    return unconditional().with(f -> f.prompt = prompt);
  }

  /** A picture from a model without prompts. */
  public static GenerationRequest unconditional() {
    return new GenerationRequest(new RequestFields());
  }

  /** A picture of a class, for models conditioned on class labels. */
  public static GenerationRequest ofClass(int label) {
    checkArgument(label >= 0, "label must be >= 0, was %s", label);
    return unconditional().with(f -> f.classLabel = label);
  }

  /** The same for another prompt. */
  public GenerationRequest prompt(String prompt) {
    return with(f -> f.prompt = requireNonNull(prompt, "prompt"));
  }

  /**
   * What the prompt's text is to the network, instead of encoding it: what {@link
   * DiffusionPipeline#encodePrompt} gave, perhaps changed. With guidance its negative half is
   * needed.
   */
  public GenerationRequest encodedPrompts(EncodedPrompts prompts) {
    return with(f -> f.encodedPrompts = requireNonNull(prompts));
  }

  /** SDXL: another prompt for the second text encoder; without it, it gets the same. */
  public GenerationRequest prompt2(String prompt) {
    return with(f -> f.prompt2 = requireNonNull(prompt));
  }

  /** What the picture should not show; acts only with guidance. */
  public GenerationRequest negativePrompt(String prompt) {
    return with(f -> f.negativePrompt = requireNonNull(prompt));
  }

  /** SDXL: another negative prompt for the second text encoder. */
  public GenerationRequest negativePrompt2(String prompt) {
    return with(f -> f.negativePrompt2 = requireNonNull(prompt));
  }

  public GenerationRequest promptSyntax(PromptSyntax syntax) {
    return with(f -> f.promptSyntax = requireNonNull(syntax));
  }

  /** Takes the text from so many layers before the usual one; 0 is the default. */
  public GenerationRequest clipSkip(int layers) {
    checkArgument(layers >= 0, "clipSkip must be >= 0, was %s", layers);
    return with(f -> f.clipSkip = layers);
  }

  /** In pixels; each a multiple of the model's scale factor. Default: the model's native size. */
  public GenerationRequest size(int width, int height) {
    return with(f -> f.size = new PromptEncoder.Size(width, height));
  }

  /** Solver steps; default 50, and 1000 for models that work on pixels. */
  public GenerationRequest steps(int steps) {
    checkArgument(steps > 0, "steps must be > 0, was %s", steps);
    return with(
        f -> {
          f.steps = steps;
          f.timesteps = null;
        });
  }

  /**
   * The training timesteps of the solver steps, falling, instead of a number of steps; such as
   * those of a {@link dev.palimpsest.likelihood.Respacing}.
   */
  public GenerationRequest timesteps(int... timesteps) {
    checkArgument(timesteps.length > 0, "timesteps must not be empty");
    return with(
        f -> {
          f.steps = timesteps.length;
          f.timesteps = List.copyOf(Ints.asList(timesteps));
        });
  }

  /**
   * The weight w of classifier-free guidance (Ho &amp; Salimans 2022), where 1 and less is none;
   * the default is 7.5, and 5 for SDXL.
   */
  public GenerationRequest guidanceScale(double scale) {
    checkArgument(
        scale >= 0 && scale < Double.POSITIVE_INFINITY,
        "guidanceScale must be >= 0, was %s",
        scale);
    return with(f -> f.guidanceScale = scale);
  }

  /** How far guided predictions are brought back to the prompt's own contrast (Lin et al. 2023). */
  public GenerationRequest guidanceRescale(double share) {
    checkArgument(0 <= share && share <= 1, "guidanceRescale must be in 0..1, was %s", share);
    return with(f -> f.guidanceRescale = share);
  }

  /**
   * One picture a seed, each as it would come alone but for the rounding of another batch size.
   * Without seeds they are drawn and reported.
   */
  public GenerationRequest seeds(long... seeds) {
    checkArgument(seeds.length > 0, "seeds must not be empty");
    return with(
        f -> {
          f.seeds = List.copyOf(Longs.asList(seeds));
          f.images = seeds.length;
        });
  }

  /** The seed of the first picture; further ones count up from it. */
  public GenerationRequest seed(long seed) {
    return with(f -> f.seeds = List.of(seed));
  }

  /** How many pictures, in one batch; their seeds count up from the first. */
  public GenerationRequest images(int images) {
    checkArgument(images > 0, "images must be > 0, was %s", images);
    return with(f -> f.images = images);
  }

  /**
   * The noise to start from instead of drawn noise: float32 [images, channels, height /
   * scaleFactor, width / scaleFactor], standard normal.
   */
  public GenerationRequest latents(Tensor latents) {
    return with(f -> f.startFrom(latents));
  }

  /** Where a run draws its noise, instead of seeds; asked for a new source at each run. */
  public GenerationRequest noise(Supplier<NoiseSource> noise) {
    return with(f -> f.noise = requireNonNull(noise));
  }

  /** Another solver than the pipeline's. */
  public GenerationRequest scheduler(Scheduler scheduler) {
    return with(f -> f.scheduler = requireNonNull(scheduler));
  }

  /** Image-to-image: starts from this picture, resized to the size asked for. */
  public GenerationRequest image(BufferedImage image) {
    return with(f -> f.image = requireNonNull(image));
  }

  /**
   * How much of the way is denoised anew, above 0 to 1; default 0.8, 0.3 for SDXL and 1 for
   * inpainting.
   */
  public GenerationRequest strength(double strength) {
    checkArgument(0 < strength && strength <= 1, "strength must be in (0, 1], was %s", strength);
    return with(f -> f.strength = strength);
  }

  /** Inpainting: white is made anew, black is kept of {@link #image}. */
  public GenerationRequest mask(BufferedImage mask) {
    return with(f -> f.mask = requireNonNull(mask));
  }

  /** How the checkpoint's autoencoder is applied, instead of how the pipeline does. */
  public GenerationRequest vaeTiling(VaeTiling tiling) {
    return with(f -> f.vaeTiling = requireNonNull(tiling));
  }

  /** Denoises in overlapping windows, for pictures larger than the model's own. */
  public GenerationRequest windows(Windows windows) {
    return with(f -> f.windows = requireNonNull(windows));
  }

  /** Gives a part of the picture, beside those given before, a prompt of its own. */
  public GenerationRequest region(PromptRegion region) {
    return with(f -> f.regions = RequestFields.and(f.regions, region));
  }

  /** Makes the picture small first, then enlarges it and denoises again. */
  public GenerationRequest hires(Hires hires) {
    return with(f -> f.hires = requireNonNull(hires));
  }

  /** Enlarges the finished picture to this size, by the pipeline's {@link Upscaler}. */
  public GenerationRequest upscaledTo(int width, int height) {
    return with(f -> f.upscaled = new PromptEncoder.Size(width, height));
  }

  /** The strength of an adapter that the pipeline was opened with, everywhere. */
  public GenerationRequest adapter(Adapter adapter, double scale) {
    return adapter(adapter.name(), AdapterScale.of(scale));
  }

  /** The strength of an adapter that the pipeline was opened with. */
  public GenerationRequest adapter(String name, AdapterScale scale) {
    return with(f -> f.scale(name, requireNonNull(scale)));
  }

  /** With a change to the network's attention, after those before it; docs/attention.md. */
  public GenerationRequest edit(AttentionEdit edit) {
    return with(f -> f.edits = RequestFields.and(f.edits, edit));
  }

  /**
   * The prompt of a source picture, which is denoised beside each picture from the same noise and
   * whose attention edits such as {@link AttentionEdit#replace} read. It doubles the batch.
   */
  public GenerationRequest source(String prompt) {
    return with(
        f -> {
          f.source = requireNonNull(prompt);
          f.encodedSource = null;
        });
  }

  /** {@link #source(String)} with what the prompt is to the network. */
  public GenerationRequest source(EncodedPrompts prompts) {
    return with(
        f -> {
          f.encodedSource = requireNonNull(prompts);
          f.source = null;
        });
  }

  /** SDXL: the sizes that the model is told; default the picture's own. */
  public GenerationRequest sizes(SizeConditioning sizes) {
    return with(f -> f.sizes = requireNonNull(sizes));
  }

  /** SDXL: the sizes that the negative half is told; default those of the positive half. */
  public GenerationRequest negativeSizes(SizeConditioning sizes) {
    return with(f -> f.negativeSizes = requireNonNull(sizes));
  }

  /** This request with latents of such a size in place of its picture. */
  GenerationRequest startingFrom(Tensor latents, int width, int height) {
    return latents(latents).size(width, height).with(f -> f.image = null);
  }

  /** The request for the source's picture. */
  GenerationRequest ofSource() {
    return with(
        f -> {
          f.prompt = f.source;
          f.prompt2 = null;
          f.encodedPrompts = f.encodedSource;
          f.source = null;
          f.encodedSource = null;
          f.edits = List.of();
        });
  }
}
