package dev.palimpsest;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Supplier;

/** What a {@link GenerationRequest} says: the methods that read it. */
abstract class RequestedValues {
  final RequestFields fields;

  RequestedValues(RequestFields fields) {
    this.fields = fields;
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
    return fields.size == null ? OptionalInt.empty() : OptionalInt.of(fields.size.width());
  }

  /** Empty if the model's native height is asked for. */
  public OptionalInt height() {
    return fields.size == null ? OptionalInt.empty() : OptionalInt.of(fields.size.height());
  }

  /** Empty if the model's default is asked for. */
  public OptionalInt steps() {
    return fields.steps == 0 ? OptionalInt.empty() : OptionalInt.of(fields.steps);
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

  private static OptionalDouble number(double value) {
    return Double.isNaN(value) ? OptionalDouble.empty() : OptionalDouble.of(value);
  }
}
