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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What to generate: a prompt and how. Each method returns another request; what is not said has the
 * default of diffusers' pipelines. Immutable, as long as the {@link #latents}, {@link #image} and
 * {@link #noise} that it is given are not changed.
 *
 * <pre>{@code
 * GenerationRequest.of("a lighthouse at dusk").negativePrompt("blurry").size(768, 512).seed(42)
 * }</pre>
 */
public final class GenerationRequest {
  private final Fields fields;

  private GenerationRequest(Fields fields) {
    this.fields = fields;
  }

  /** The fields while a request is copied; never changed afterwards. */
  private static final class Fields implements Cloneable {
    @Nullable String prompt;
    @Nullable String prompt2;
    @Nullable EncodedPrompts encodedPrompts;
    @Nullable String negativePrompt;
    @Nullable String negativePrompt2;
    PromptSyntax promptSyntax = PromptSyntax.PLAIN;
    int clipSkip;
    @Nullable Integer classLabel;
    int width;
    int height;
    int steps;
    @Nullable List<Integer> timesteps;
    double guidanceScale = Double.NaN;
    double guidanceRescale;
    List<Long> seeds = List.of();
    Map<String, AdapterScale> adapters = Map.of();
    List<AttentionEdit> edits = List.of();
    @Nullable String source;
    @Nullable EncodedPrompts encodedSource;
    int images = 1;
    @Nullable Tensor latents;
    @Nullable Supplier<NoiseSource> noise;
    @Nullable Scheduler scheduler;
    @Nullable BufferedImage image;
    double strength = Double.NaN;
    @Nullable BufferedImage mask;
    @Nullable VaeTiling vaeTiling;
    @Nullable Windows windows;
    List<PromptRegion> regions = List.of();
    @Nullable Hires hires;
    PromptEncoder.@Nullable Size upscaled;
    @Nullable SizeConditioning sizes;
    @Nullable SizeConditioning negativeSizes;

    @Override
    protected Fields clone() {
      try {
        return (Fields) super.clone();
      } catch (CloneNotSupportedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private GenerationRequest with(Consumer<Fields> change) {
    Fields copy = fields.clone();
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
    return new GenerationRequest(new Fields());
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
    checkArgument(
        width > 0 && height > 0, "width and height must be > 0, were %sx%s", width, height);
    return with(
        f -> {
          f.width = width;
          f.height = height;
        });
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
    float[] values = latents.floats();
    for (int i = 0; i < values.length; i++) {
      checkArgument(Float.isFinite(values[i]), "latents must be finite, one is %s", values[i]);
    }
    checkArgument(
        latents.shape().rank() == 4,
        "latents must be [images, channels, height, width], were %s",
        latents.shape());
    return with(
        f -> {
          f.latents = latents;
          f.images = Math.toIntExact(latents.shape().dim(0));
        });
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
    return with(f -> f.regions = and(f.regions, region));
  }

  /** Makes the picture small first, then enlarges it and denoises again. */
  public GenerationRequest hires(Hires hires) {
    return with(f -> f.hires = requireNonNull(hires));
  }

  /** Enlarges the finished picture to this size, by the pipeline's {@link Upscaler}. */
  public GenerationRequest upscaledTo(int width, int height) {
    checkArgument(
        width > 0 && height > 0, "width and height must be > 0, were %sx%s", width, height);
    return with(f -> f.upscaled = new PromptEncoder.Size(width, height));
  }

  /** The strength of an adapter that the pipeline was opened with, everywhere. */
  public GenerationRequest adapter(Adapter adapter, double scale) {
    return adapter(adapter.name(), AdapterScale.of(scale));
  }

  /** The strength of an adapter that the pipeline was opened with. */
  public GenerationRequest adapter(String name, AdapterScale scale) {
    return with(
        f -> {
          var scales = new TreeMap<>(f.adapters);
          scales.put(name, requireNonNull(scale));
          f.adapters = Collections.unmodifiableMap(scales);
        });
  }

  /** With a change to the network's attention, after those before it; docs/attention.md. */
  public GenerationRequest edit(AttentionEdit edit) {
    return with(f -> f.edits = and(f.edits, edit));
  }

  /** A list and one more. */
  private static <T> List<T> and(List<T> before, T one) {
    var all = new ArrayList<T>(before);
    all.add(requireNonNull(one));
    return List.copyOf(all);
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

  public Optional<String> prompt() {
    return Optional.ofNullable(fields.prompt);
  }

  /** Empty if the prompt is to be encoded. */
  public Optional<EncodedPrompts> encodedPrompts() {
    return Optional.ofNullable(fields.encodedPrompts);
  }

  public Optional<String> prompt2() {
    return Optional.ofNullable(fields.prompt2);
  }

  public Optional<String> negativePrompt() {
    return Optional.ofNullable(fields.negativePrompt);
  }

  public Optional<String> negativePrompt2() {
    return Optional.ofNullable(fields.negativePrompt2);
  }

  public PromptSyntax promptSyntax() {
    return fields.promptSyntax;
  }

  public int clipSkip() {
    return fields.clipSkip;
  }

  public OptionalInt classLabel() {
    return fields.classLabel == null ? OptionalInt.empty() : OptionalInt.of(fields.classLabel);
  }

  /** Empty if the model's native width is asked for. */
  public OptionalInt width() {
    return positive(fields.width);
  }

  /** Empty if the model's native height is asked for. */
  public OptionalInt height() {
    return positive(fields.height);
  }

  /** Empty if the model's default is asked for. */
  public OptionalInt steps() {
    return positive(fields.steps);
  }

  /** Empty if a number of steps, or the model's, is asked for. */
  public Optional<List<Integer>> timesteps() {
    return Optional.ofNullable(fields.timesteps);
  }

  /** Empty if the model's default is asked for. */
  public OptionalDouble guidanceScale() {
    return number(fields.guidanceScale);
  }

  public double guidanceRescale() {
    return fields.guidanceRescale;
  }

  /** As given: none, the first, or one an image. */
  public List<Long> seeds() {
    return fields.seeds;
  }

  public int images() {
    return fields.images;
  }

  /** The strengths of adapters by name; those that are not named act as the pipeline says. */
  public Map<String, AdapterScale> adapters() {
    return fields.adapters;
  }

  /** The changes to the network's attention, in their order. */
  public List<AttentionEdit> edits() {
    return fields.edits;
  }

  /** Empty without a source picture, or if its prompt is encoded. */
  public Optional<String> source() {
    return Optional.ofNullable(fields.source);
  }

  /** Empty without a source picture, or if its prompt is text. */
  public Optional<EncodedPrompts> encodedSource() {
    return Optional.ofNullable(fields.encodedSource);
  }

  boolean hasSource() {
    return fields.source != null || fields.encodedSource != null;
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

  public Optional<Tensor> latents() {
    return Optional.ofNullable(fields.latents);
  }

  public Optional<Supplier<NoiseSource>> noise() {
    return Optional.ofNullable(fields.noise);
  }

  public Optional<Scheduler> scheduler() {
    return Optional.ofNullable(fields.scheduler);
  }

  public Optional<BufferedImage> image() {
    return Optional.ofNullable(fields.image);
  }

  /** Empty if the default is asked for. */
  public OptionalDouble strength() {
    return number(fields.strength);
  }

  public Optional<BufferedImage> mask() {
    return Optional.ofNullable(fields.mask);
  }

  /** Empty if the pipeline's way is asked for. */
  public Optional<VaeTiling> vaeTiling() {
    return Optional.ofNullable(fields.vaeTiling);
  }

  /** Empty if the network is to see the whole picture at once. */
  public Optional<Windows> windows() {
    return Optional.ofNullable(fields.windows);
  }

  public List<PromptRegion> regions() {
    return fields.regions;
  }

  public Optional<Hires> hires() {
    return Optional.ofNullable(fields.hires);
  }

  /** Empty if the picture stays as it was denoised. */
  Optional<PromptEncoder.Size> upscaled() {
    return Optional.ofNullable(fields.upscaled);
  }

  public Optional<SizeConditioning> sizes() {
    return Optional.ofNullable(fields.sizes);
  }

  public Optional<SizeConditioning> negativeSizes() {
    return Optional.ofNullable(fields.negativeSizes);
  }

  private static OptionalInt positive(int value) {
    return value == 0 ? OptionalInt.empty() : OptionalInt.of(value);
  }

  private static OptionalDouble number(double value) {
    return Double.isNaN(value) ? OptionalDouble.empty() : OptionalDouble.of(value);
  }
}
