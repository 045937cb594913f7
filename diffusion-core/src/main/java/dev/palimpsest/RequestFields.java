package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;
import static java.util.Objects.requireNonNull;

import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.scheduler.Scheduler;
import dev.palimpsest.tensor.NoiseSource;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a request holds: changed while a request is copied, and never afterwards. */
final class RequestFields implements Cloneable {
  @Nullable String prompt;
  @Nullable String prompt2;
  @Nullable EncodedPrompts encodedPrompts;
  @Nullable String negativePrompt;
  @Nullable String negativePrompt2;
  PromptSyntax promptSyntax = PromptSyntax.PLAIN;
  int clipSkip;
  @Nullable Integer classLabel;
  PromptEncoder.@Nullable Size size;
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
  protected RequestFields clone() {
    try {
      return (RequestFields) super.clone();
    } catch (CloneNotSupportedException e) {
      throw new AssertionError(e);
    }
  }

  /** Noise to start from, a row a picture. */
  void startFrom(Tensor noise) {
    for (float value : noise.floats()) {
      checkArgument(Float.isFinite(value), "latents must be finite, one is %s", value);
    }
    checkArgument(
        noise.shape().rank() == 4,
        "latents must be [images, channels, height, width], were %s",
        noise.shape());
    latents = noise;
    images = Math.toIntExact(noise.shape().dim(0));
  }

  void scale(String adapter, AdapterScale scale) {
    var scales = new TreeMap<>(adapters);
    scales.put(adapter, scale);
    adapters = Collections.unmodifiableMap(scales);
  }

  /** A list and one more. */
  static <T> List<T> and(List<T> before, T one) {
    var all = new ArrayList<T>(before);
    all.add(requireNonNull(one));
    return List.copyOf(all);
  }
}
