package dev.palimpsest;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.Doubles;
import dev.palimpsest.attention.AttentionEdit;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.SchedulePlan;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.tensor.Shape;
import dev.palimpsest.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The opened parts of a model.
 *
 * @param vae the checkpoint's autoencoder; null where there are no latents
 * @param decoder the autoencoder or what the caller gave in its place
 * @param inputChannels of the network, those of a mask and a masked picture included
 * @param guidanceEmbedding the width of the embedded guidance scale; 0 if the model has none
 * @param adapters beside the networks
 * @param edits of the attention in every request
 * @param owned what {@link #close} closes
 */
record ModelParts(
    Checkpoint checkpoint,
    ModelFamily family,
    PromptEncoder prompts,
    Denoiser denoiser,
    @Nullable Vae maybeVae,
    LatentDecoder decoder,
    SchedulerConfig scheduler,
    int nativeWidth,
    int nativeHeight,
    int inputChannels,
    int guidanceEmbedding,
    Adapters adapters,
    List<AttentionEdit> edits,
    List<AutoCloseable> owned)
    implements AutoCloseable {

  ModelParts {
    edits = List.copyOf(edits);
    owned = List.copyOf(owned);
  }

  /** A plan of so many steps, whose network predicts what this one does. */
  SchedulePlan plan(int steps) {
    return ofNetwork(scheduler.plan(steps));
  }

  /** As {@link #plan(int)}, with the given timesteps. */
  SchedulePlan plan(List<Integer> timesteps) {
    return ofNetwork(scheduler.planTimesteps(Doubles.toArray(timesteps)));
  }

  private SchedulePlan ofNetwork(SchedulePlan plan) {
    return denoiser.predictsVariance() && !plan.learnedVariance()
        ? plan.learnedVariance(true)
        : plan;
  }

  Vae vae() {
    checkArgument(maybeVae != null, "this model has no autoencoder");
    return maybeVae;
  }

  /**
   * These parts with the autoencoder applied as a request says; closed with these.
   *
   * @throws IllegalArgumentException if the decoder is not the checkpoint's autoencoder
   * @throws dev.palimpsest.errors.UnsupportedModelException if it cannot be applied so
   */
  ModelParts tiledFor(GenerationRequest request) {
    VaeTiling tiling = request.vaeTiling().orElse(null);
    if (tiling == null) {
      return this;
    }
    Vae tiled = vae().tiled(tiling);
    checkArgument(
        decoder == maybeVae, "vaeTiling is for the checkpoint's autoencoder, not for %s", decoder);
    return new ModelParts(
        checkpoint,
        family,
        prompts,
        denoiser,
        tiled,
        tiled,
        scheduler,
        nativeWidth,
        nativeHeight,
        inputChannels,
        guidanceEmbedding,
        adapters,
        edits,
        owned);
  }

  boolean encodes() {
    return maybeVae != null && maybeVae.encodes();
  }

  /** Whether the network was trained with a mask and a masked picture beside the sample. */
  boolean takesMask() {
    return inputChannels == 2 * denoiser.channels() + 1;
  }

  /** Whether the guidance scale is an input of the network, which then needs no pair. */
  boolean embedsGuidance() {
    return guidanceEmbedding > 0;
  }

  /** The checkpoint's folder name, or the class it declares. */
  String name() {
    return checkpoint
        .path()
        .map(path -> String.valueOf(path.toAbsolutePath().normalize().getFileName()))
        .orElseGet(() -> checkpoint.index().string("_class_name", "model"));
  }

  /**
   * What a request's prompt is to the network, with a negative half if the request is guided.
   *
   * @throws IllegalArgumentException if it is given encoded and lacks that half
   */
  EncodedPrompts encode(ResolvedRequest request, Cancellation cancellation) {
    boolean guided = request.guidance(this) != null;
    EncodedPrompts given = request.request().encodedPrompts().orElse(null);
    if (given == null) {
      return prompts.encode(request.request(), request.size(), guided, cancellation);
    }
    checkArgument(
        !guided || given.negative().isPresent(),
        "guidance needs encoded prompts with a negative half; encode them with guidance");
    return guided
        ? given
        : new EncodedPrompts(given.positive(), Optional.empty(), given.warnings());
  }

  /** A row a picture, or the negative rows and then the others. */
  Conditioning condition(EncodedPrompts prompts, ResolvedRequest request) {
    Conditioning positive = prompts.positive().repeat(request.images());
    return condition(
        prompts
            .negative()
            .map(
                negative -> Conditioning.join(List.of(negative.repeat(request.images()), positive)))
            .orElse(positive),
        request);
  }

  /** Rows of any purpose, with what all rows share. */
  Conditioning condition(Conditioning rows, ResolvedRequest request) {
    Conditioning all = rows.sharing(adapters.inputs("unet", request.request()));
    if (!embedsGuidance()) {
      return all;
    }
    Tensor one = guidanceEmbedding(request.guidanceScale() - 1, guidanceEmbedding);
    return all.with("timestep_cond", Tensor.concat(Collections.nCopies(rows.rows(), one)));
  }

  /**
   * The sinusoidal embedding of w = guidance scale − 1 that latent consistency models are given
   * (Luo et al. 2023): sines, then cosines, of 1000 w at falling frequencies. float32 [1, width].
   */
  static Tensor guidanceEmbedding(double w, int width) {
    int half = width / 2;
    float[] out = new float[width];
    float step = (float) (Math.log(10000) / (half - 1));
    for (int i = 0; i < half; i++) {
      float angle = (float) (w * 1000) * (float) Math.exp(i * -step);
      out[i] = (float) Math.sin(angle);
      out[half + i] = (float) Math.cos(angle);
    }
    return Tensor.of(Shape.of(1, width), out);
  }

  @Override
  public void close() {
    Closing.all(owned);
  }
}
