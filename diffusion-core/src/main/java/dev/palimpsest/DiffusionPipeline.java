package dev.palimpsest;

import static java.util.Objects.requireNonNull;

import com.google.common.base.Suppliers;
import dev.palimpsest.attention.AttentionSite;
import dev.palimpsest.checkpoint.Checkpoint;
import dev.palimpsest.errors.CheckpointException;
import dev.palimpsest.image.Pictures;
import dev.palimpsest.likelihood.BitsPerDim;
import dev.palimpsest.likelihood.Likelihood;
import dev.palimpsest.runtime.Cancellation;
import dev.palimpsest.scheduler.SchedulerConfig;
import dev.palimpsest.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * A loaded diffusion model that generates pictures from requests. Thread-safe: any number of
 * threads may generate at once, each getting what it would get alone.
 *
 * <pre>{@code
 * try (var pipeline = DiffusionPipeline.builder(Checkpoint.read(dir)).open()) {
 *   pipeline.generate(GenerationRequest.of("a red house").seed(7)).first().save(Path.of("house.png"));
 * }
 * }</pre>
 *
 * <p>It holds native memory: close it. Closing waits for generations under way; cancel them first
 * where that is too long.
 */
public final class DiffusionPipeline implements AutoCloseable {
  private final ModelParts model;
  private final PictureChecks checks;
  private final PixelDecoder pixelDecoder;
  private final Upscaler upscaler;
  private final MemoryBudget memory;
  private final Supplier<LatentPreview> preview;
  private final OpenState open;

  private DiffusionPipeline(Builder builder, ModelParts model) {
    this.model = model;
    this.checks = new PictureChecks(builder.checks);
    this.pixelDecoder = builder.pixelDecoder;
    this.upscaler = builder.upscaler;
    this.memory = new MemoryBudget(builder.vaeTiling, builder.memoryLimit);
    this.open = new OpenState(builder.maxConcurrent);
    this.preview =
        Suppliers.memoize(() -> LatentPreview.fit(model.decoder(), model.denoiser().channels()));
  }

  public static Builder builder(Checkpoint checkpoint) {
    return new Builder(requireNonNull(checkpoint));
  }

  /**
   * Generates.
   *
   * @throws IllegalArgumentException if the request does not fit the model
   * @throws IllegalStateException if the pipeline is closed
   */
  public GenerationResult generate(GenerationRequest request) {
    return generate(request, GenerationListener.NONE);
  }

  /**
   * Generates and tells of each step.
   *
   * @throws dev.palimpsest.errors.CancelledException if the listener cancelled
   */
  public GenerationResult generate(GenerationRequest request, GenerationListener listener) {
    return generate(request, listener, new Cancellation());
  }

  /**
   * Generates, until done or cancelled from any thread.
   *
   * @throws dev.palimpsest.errors.CancelledException if cancelled; within one step at most
   */
  public GenerationResult generate(
      GenerationRequest request, GenerationListener listener, Cancellation cancellation) {
    return open.run(() -> run(ResolvedRequest.of(request, model), listener, cancellation));
  }

  /**
   * The memory that generating would need, with the tiling that would be used.
   *
   * @throws IllegalArgumentException if the request does not fit the model or the pipeline's {@link
   *     Builder#memoryLimit}
   * @throws dev.palimpsest.errors.UnsupportedModelException if the network or the autoencoder is an
   *     ONNX export
   */
  public MemoryPlan memoryPlan(GenerationRequest request) {
    return open.run(() -> memory.plan(model, ResolvedRequest.of(request, model)));
  }

  /** Encodes a request's prompt alone: the conditioning that {@link #generate} would use. */
  public EncodedPrompts encodePrompt(GenerationRequest request) {
    return open.run(
        () -> {
          ResolvedRequest resolved = ResolvedRequest.of(request, model);
          return model.encode(resolved, new Cancellation());
        });
  }

  /**
   * The variational bound on −log₂ p of a picture, in bits per dimension, as the model's own
   * process gives it, whatever solver the pipeline has.
   *
   * @param picture at a size that the network takes; gray for a model of one channel
   * @throws dev.palimpsest.errors.UnsupportedModelException for a model that works on latents
   * @throws IllegalArgumentException if the request does not fit the model
   */
  public BitsPerDim bitsPerDim(BufferedImage picture, LikelihoodRequest request) {
    return bitsPerDim(
            Pictures.toTensor(picture), request, Likelihood.Listener.NONE, new Cancellation())
        .get(0);
  }

  /**
   * As {@link #bitsPerDim(BufferedImage, LikelihoodRequest)}, for several pictures in one batch,
   * telling of each evaluation, until done or cancelled from any thread.
   *
   * @param pictures [pictures, channels, height, width], levels 2k/255 − 1 of 8 bits; for a model
   *     of one channel three equal ones are as good
   * @return one for each picture
   * @throws dev.palimpsest.errors.CancelledException if cancelled
   */
  public List<BitsPerDim> bitsPerDim(
      Tensor pictures,
      LikelihoodRequest request,
      Likelihood.Listener listener,
      Cancellation cancellation) {
    return open.run(
        () -> new PictureLikelihood(model, request).evaluate(pictures, listener, cancellation));
  }

  /** {@link #invert(GenerationRequest, GenerationListener, Cancellation)} without a listener. */
  public Inversion invert(GenerationRequest request) {
    return invert(request, GenerationListener.NONE, new Cancellation());
  }

  /**
   * Brings the picture of a request back to the noise that leads to it: DDIM run backwards from the
   * picture's latents (Song et al. 2021, section 4.3; diffusers' DDIMInverseScheduler).
   *
   * <p>Each step takes the network's output at a state for that at the next one, so the way back is
   * exact only as the steps become many. With a guidance scale above 1 the error of a step grows
   * with the scale and the picture may not come back at all; invert with a scale of 1.
   *
   * @param request with a picture, without mask, strength, latents, timesteps and several images;
   *     its solver is not used
   * @throws IllegalArgumentException if the request does not fit
   * @throws dev.palimpsest.errors.CancelledException if cancelled; within one step at most
   */
  public Inversion invert(
      GenerationRequest request, GenerationListener listener, Cancellation cancellation) {
    PictureInversion.check(request);
    return open.run(
        () ->
            PictureInversion.of(
                model, ResolvedRequest.of(request, model), loop(listener, cancellation)));
  }

  /**
   * Generates the picture of an inversion again, and says how far it is from the original.
   *
   * @throws IllegalStateException if a check rejects the picture
   */
  public Reconstruction reconstruct(
      Inversion inversion, GenerationListener listener, Cancellation cancellation) {
    var last = new AtomicReference<>(inversion.latents());
    GeneratedImage image =
        generate(
                inversion.request(),
                step -> {
                  last.set(step.latents());
                  listener.onStep(step);
                },
                cancellation)
            .first();
    Tensor autoencoded =
        open.run(() -> Pictures.toUnit(model.decoder().decode(inversion.encoded(), cancellation)));
    return Reconstruction.of(inversion, image, autoencoded, requireNonNull(last.get()));
  }

  /** The whole way of a request: text, noise, denoising, pixels, checks. */
  private GenerationResult run(
      ResolvedRequest request, GenerationListener listener, Cancellation cancellation) {
    LastStep.check(pixelDecoder, request.scheduler(model));
    ModelParts fitting = memory.fitting(model, request);
    var large = new LargePicture(fitting, request, cancellation);
    Sample sample = large.sample(loop(listener, cancellation), upscaler);
    Tensor pixels = large.upscaled(sample.pixels(fitting, pixelDecoder, cancellation), upscaler);
    return checks.collect(fitting, request, sample, pixels, cancellation);
  }

  private DenoisingLoop loop(GenerationListener listener, Cancellation cancellation) {
    return new DenoisingLoop(listener, preview, cancellation);
  }

  /** Generates on an executor. Cancelling the future stops the native run. */
  public CompletableFuture<GenerationResult> generateAsync(
      GenerationRequest request, Executor executor) {
    var cancellation = new Cancellation();
    var future = new CompletableFuture<GenerationResult>();
    future.whenComplete(
        (result, failure) -> {
          if (future.isCancelled()) {
            cancellation.cancel();
          }
        });
    executor.execute(
        () -> {
          try {
            cancellation.throwIfCancelled();
            future.complete(generate(request, GenerationListener.NONE, cancellation));
          } catch (Throwable failure) {
            future.completeExceptionally(failure);
          }
        });
    return future;
  }

  /**
   * The network's attention layers, which edits select from, in its order.
   *
   * @throws dev.palimpsest.errors.UnsupportedModelException if the denoiser is the caller's own
   */
  public List<AttentionSite> attentionSites() {
    return open.run(() -> RequestEdits.editable(model.denoiser()).editable().graph().sites());
  }

  /** The checkpoint this pipeline was opened on. */
  public Checkpoint checkpoint() {
    return model.checkpoint();
  }

  /** The network alone; borrowed until the pipeline is closed. */
  public Denoiser denoiser() {
    return model.denoiser();
  }

  /** The solver and noise schedule that requests without a scheduler of their own use. */
  public SchedulerConfig scheduler() {
    return model.scheduler();
  }

  /** Releases native memory; waits for generations under way. Closing twice is harmless. */
  @Override
  public void close() {
    open.close(model::close);
  }

  /** Says how to open a pipeline; {@link #open} may be called more than once. */
  public static final class Builder extends PipelineSettings {
    private Builder(Checkpoint checkpoint) {
      super(checkpoint);
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Opens the pipeline; the caller closes it.
     *
     * @throws CheckpointException if weights are missing, misshapen or left over, or an adapter
     *     does not fit the checkpoint
     * @throws IOException if a file cannot be read
     * @throws dev.palimpsest.errors.UnsupportedModelException if the checkpoint is of a kind, or
     *     has a configuration, that this library does not run
     * @throws dev.palimpsest.errors.DeviceUnavailableException if the device cannot be used
     * @throws IllegalStateException if the checkpoint declares a safety checker and nothing was
     *     said about it, a pixel decoder is wanted of a model that decodes latents, or two adapters
     *     have one name
     */
    public DiffusionPipeline open() throws IOException {
      return new DiffusionPipeline(this, ModelLoader.open(this));
    }
  }
}
